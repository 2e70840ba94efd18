using Mono.Cecil;

namespace NetHook.Cli.Tests;

/// <summary>Finds, in the IL of an assembly, the calls that hand numbers to TorchSharp as scalars that nothing holds.</summary>
/// <remarks>
/// Such a call takes or makes a <c>Scalar</c> itself, or is of a method of TorchSharp that makes one inside, as
/// <c>a + b</c>, <c>a * 0.5</c> and <c>square()</c> do. Which these are is read from TorchSharp's own IL. What it
/// reaches by virtual calls, such as an optimizer's step, is not seen.
/// </remarks>
internal static class ScalarUses
{
    private static readonly Lazy<HashSet<string>> Makers = new(FindMakers);

    /// <summary>All but those of one class.</summary>
    public static IReadOnlyList<string> In(string assembly, string? exempt)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return
        [
            .. Calls(module)
                .Where(call => Outermost(call.From.DeclaringType).Name != exempt)
                .Where(call => TakesOrMakes(call.To) || Makers.Value.Contains(Key(call.To)))
                .Select(call => $"{call.From.DeclaringType.Name}.{call.From.Name} -> {call.To.DeclaringType.Name}.{call.To.Name}").Distinct(),
        ];
    }

    /// <summary>
    /// The methods of a class that hand over a scalar which they made and do not dispose afterwards, or a tensor without calling
    /// <c>Held</c> afterwards, or call what makes a scalar inside. Disposing is holding: what is to be disposed cannot be collected.
    /// </summary>
    public static IReadOnlyList<string> NotHeldBy(string assembly, string place)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return
        [
            .. Calls(module).Where(call => call.From.DeclaringType.Name == place).GroupBy(call => call.From, call => call.To)
                .Where(calls => calls.Any(to => TakesOrMakes(to) && !IsScalar(to.ReturnType)) && !Holds(calls.Key, [.. calls]))
                .Select(calls => $"{place}.{calls.Key.Name}").Distinct(),
        ];
    }

    private static bool Holds(MethodDefinition method, IReadOnlyCollection<MethodReference> calls) =>
        !calls.Any(to => Makers.Value.Contains(Key(to)) && !IsScalar(to.ReturnType))
        && calls.Count(to => IsScalar(to.ReturnType)) <= calls.Count(to => to.Name == "Dispose")
        && (method.Parameters.All(parameter => parameter.ParameterType.Name != "Tensor") || calls.Any(to => to.Name == "Held"));

    private static HashSet<string> FindMakers()
    {
        using var module = ModuleDefinition.ReadModule(typeof(TorchSharp.torch).Assembly.Location);
        var calls = Calls(module).Select(call => (From: Key(call.From), To: Key(call.To), Makes: IsScalar(call.To.ReturnType) || IsConstructor(call.To))).ToList();
        HashSet<string> makers = [.. calls.Where(call => call.Makes).Select(call => call.From)];
        int known;
        do
        {
            known = makers.Count;
            makers.UnionWith([.. calls.Where(call => makers.Contains(call.To)).Select(call => call.From)]);
        }
        while (makers.Count > known);

        return makers;
    }

    private static IEnumerable<(MethodDefinition From, MethodReference To)> Calls(ModuleDefinition module) =>
        from type in module.GetTypes()
        from method in type.Methods
        where method.HasBody
        from instruction in method.Body.Instructions
        where instruction.Operand is MethodReference
        select (method, (MethodReference)instruction.Operand);

    // A method of the library itself may take a scalar: only TorchSharp's hand it to native code.
    private static bool TakesOrMakes(MethodReference method) =>
        method.DeclaringType.GetElementType().Scope.Name.StartsWith("TorchSharp", StringComparison.Ordinal)
        && (IsScalar(method.ReturnType) || method.Parameters.Any(parameter => IsScalar(parameter.ParameterType)));

    private static bool IsScalar(TypeReference type) => type.FullName == "TorchSharp.Scalar";

    private static bool IsConstructor(MethodReference method) => method.Name == ".ctor" && IsScalar(method.DeclaringType);

    private static string Key(MethodReference method) =>
        $"{method.DeclaringType.GetElementType().FullName}::{method.Name}({string.Join(',', method.Parameters.Select(parameter => parameter.ParameterType.FullName))})";

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
