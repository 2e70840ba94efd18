using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;

namespace NetHook.Rewriting;

/// <summary>Which <c>forward</c> a reference in the code means, and which <c>call</c> runs it with its hooks.</summary>
/// <remarks>
/// TorchSharp declares both on the same types, <c>Module&lt;T, TResult&gt;</c> and its like of up to six arguments and the typed
/// <c>ScriptModule</c>. What a model overrides is one of these; a <c>forward</c> of other arguments, or one that hides it, is not.
/// </remarks>
internal static class ForwardMethod
{
    public const string Name = "forward";
    private const string CallName = "call";
    private const string Hookable = "TorchSharp.torch/nn/HookableModule`2";
    private const string HookableScript = "TorchSharp.torch/jit/HookableScriptModule`2";

    /// <summary>The <c>call</c> that runs this <c>forward</c>, as the module at hand refers to it; null if there is none.</summary>
    /// <exception cref="InvalidDataException">TorchSharp's type has no <c>call</c>.</exception>
    public static MethodReference? CallOf(MethodReference forward, ModuleDefinition module)
    {
        IEnumerable<string> parameters = Parameters(forward, forward.DeclaringType);
        foreach (TypeReference type in ModuleTypes.WithBases(forward.DeclaringType))
        {
            TypeDefinition definition = type.Resolve();
            MethodDefinition? declared = Find(definition, Name, type, parameters);
            if (definition.BaseType?.GetElementType().FullName is Hookable or HookableScript)
                return declared is not null && SameResult(declared, type, forward) ? Refer(definition, type, parameters, module) : null;
            if (declared is not null && !Overrides(declared))
                return null;
        }

        return null;
    }

    /// <summary>Whether a method takes the place of the one of its base type, and does not only hide it.</summary>
    private static bool Overrides(MethodDefinition method) => method.IsVirtual && !method.IsNewSlot;

    // An override may return a more derived type, and is then a method of its own.
    private static bool SameResult(MethodDefinition declared, TypeReference type, MethodReference forward) =>
        ModuleTypes.Close(declared.ReturnType, type as GenericInstanceType).FullName
            == ModuleTypes.Close(forward.ReturnType, forward.DeclaringType as GenericInstanceType).FullName;

    private static MethodDefinition? Find(TypeDefinition definition, string name, TypeReference type, IEnumerable<string> parameters) =>
        definition.Methods.FirstOrDefault(method =>
            method.Name == name && !method.HasGenericParameters && !method.IsStatic && Parameters(method, type).SequenceEqual(parameters));

    private static IEnumerable<string> Parameters(MethodReference method, TypeReference type) =>
        method.Parameters.Select(parameter => ModuleTypes.Close(parameter.ParameterType, type as GenericInstanceType).FullName);

    private static MethodReference Refer(TypeDefinition definition, TypeReference type, IEnumerable<string> parameters, ModuleDefinition module)
    {
        MethodDefinition call = Find(definition, CallName, type, parameters)
            ?? throw new InvalidDataException($"{definition.Name.Split('`')[0]} in its TorchSharp has no call(): that assembly is trimmed");
        MethodReference open = module.ImportReference(call);
        var reference = new MethodReference(open.Name, open.ReturnType, Import(type, module)) { HasThis = true };
        foreach (ParameterDefinition? parameter in open.Parameters)
            reference.Parameters.Add(new(parameter.ParameterType));
        return reference;
    }

    // The importer cannot tell of which method or type the generic parameters of the code at hand are; they are in their place already.
    private static TypeReference Import(TypeReference type, ModuleDefinition module)
    {
        switch (type)
        {
            case GenericParameter:
                return type;
            case GenericInstanceType instance:
                var imported = new GenericInstanceType(Import(instance.ElementType, module));
                foreach (TypeReference? argument in instance.GenericArguments)
                    imported.GenericArguments.Add(Import(argument, module));
                return imported;
            case ArrayType array:
                return array.IsVector ? new ArrayType(Import(array.ElementType, module)) : new ArrayType(Import(array.ElementType, module), array.Rank);
            default:
                return module.ImportReference(type);
        }
    }
}
