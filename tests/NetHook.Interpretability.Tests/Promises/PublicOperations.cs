using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// The operations that the libraries offer, read from their public API: methods and constructors that take a model, or something that
/// was made for one, or give one; and whatever can be cancelled.
/// </summary>
internal static class PublicOperations
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, bool> _known = [];

    private static readonly Type[] _types = [.. new[] { typeof(Trace).Assembly, typeof(LanguageModel).Assembly }
        .SelectMany(assembly => assembly.GetExportedTypes()).Where(type => !type.IsAssignableTo(typeof(Exception)))];

    /// <summary>Each by its text, such as <c>Trace.Run(Action)</c> or <c>new TraceDict(Module, IEnumerable&lt;string&gt;, TraceOptions)</c>.</summary>
    public static IReadOnlyDictionary<string, MethodBase> All { get; } = _types
        .SelectMany(type => type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors()))
        .Where(IsOperation).ToDictionary(Text);

    public static bool CanBeCancelled(string operation) => All[operation].GetParameters().Any(parameter => parameter.ParameterType == typeof(CancellationToken));

    public static bool TakesArguments(string operation) => All[operation].GetParameters().Any(parameter => parameter.ParameterType != typeof(CancellationToken));

    private static bool IsOperation(MethodBase method)
    {
        bool takes = method.GetParameters().Any(parameter =>
            parameter.ParameterType == typeof(CancellationToken) || parameter.Name is "model" or "models" || ConcernsModel(parameter.ParameterType));
        bool gives = method is MethodInfo { ReturnType: { } result } ? ConcernsModel(result) : method.DeclaringType!.IsAssignableTo(typeof(nn.Module));
        return (takes || gives || (!method.IsStatic && !method.IsConstructor && ConcernsModel(method.DeclaringType!))) && !IsPlumbing(method);
    }

    private static bool ConcernsModel(Type type)
    {
        if (_known.TryGetValue(type, out bool known))
            return known;
        _known[type] = false;
        return _known[type] = type.IsAssignableTo(typeof(nn.Module))
            || (type.IsGenericParameter && type.GetGenericParameterConstraints().Any(ConcernsModel))
            || (type.IsGenericType && type.GetGenericArguments().Any(ConcernsModel) && !type.IsAssignableTo(typeof(Delegate)))
            || (type.IsArray && ConcernsModel(type.GetElementType()!))
            || (_types.Contains(type) && !type.IsAssignableTo(typeof(Delegate)) && IsMadeForModel(type));
    }

    private static bool IsMadeForModel(Type type) =>
        type.GetConstructors().SelectMany(constructor => constructor.GetParameters()).Any(parameter => ConcernsModel(parameter.ParameterType))
        || type.GetProperties(Declared).Any(property => ConcernsModel(property.PropertyType));

    // Properties, what records and objects have anyway, and reading a dictionary.
    private static bool IsPlumbing(MethodBase method) =>
        method is MethodInfo { IsSpecialName: true }
        || method.IsDefined(typeof(CompilerGeneratedAttribute))
        || (method is MethodInfo info && info.GetBaseDefinition().DeclaringType == typeof(object))
        || (method.DeclaringType!.IsAssignableTo(typeof(IEnumerable)) && method.Name is "GetEnumerator" or "ContainsKey" or "TryGetValue");

    private static string Text(MethodBase method)
    {
        string type = Text(method.DeclaringType!);
        string name = method.IsConstructor ? $"new {type}" : $"{type}.{method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Text))}>" : "")}";
        return $"{name}({string.Join(", ", method.GetParameters().Select(parameter => Text(parameter.ParameterType)))})";
    }

    private static string Text(Type type)
    {
        if (type.IsArray)
            return $"{Text(type.GetElementType()!)}[]";
        if (Nullable.GetUnderlyingType(type) is { } value)
            return $"{Text(value)}?";
        string name = Type.GetTypeCode(type) switch
        {
            TypeCode.Int32 when !type.IsEnum => "int",
            TypeCode.Boolean => "bool",
            TypeCode.Double => "double",
            TypeCode.String => "string",
            _ => type.Name.Split('`')[0],
        };
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Text))}>" : name;
    }
}
