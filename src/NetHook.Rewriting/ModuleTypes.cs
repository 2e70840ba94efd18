using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;

namespace NetHook.Rewriting;

/// <summary>A type and what it derives from, each as it is closed where the type is used.</summary>
internal static class ModuleTypes
{
    private const string ModuleType = "TorchSharp.torch/nn/Module";

    /// <summary>The type itself first. It ends early at a type whose assembly is not there.</summary>
    public static IEnumerable<TypeReference> WithBases(TypeReference? type)
    {
        while (type?.Resolve() is { } definition)
        {
            yield return type;
            type = definition.BaseType is { } parent ? Close(parent, type as GenericInstanceType) : null;
        }
    }

    /// <summary>The first type, of a type and what it derives from, that is in an assembly that is not there; null if all are.</summary>
    public static TypeReference? FirstMissing(TypeReference type)
    {
        TypeReference? last = WithBases(type).LastOrDefault();
        if (last is null)
            return type;

        // Frameworks are not searched: what leads there is no module.
        return last.Resolve().BaseType is { Namespace: not "System" } missing ? missing : null;
    }

    /// <summary>Whether a type derives from TorchSharp's <c>nn.Module</c>.</summary>
    public static bool IsModule(TypeReference type) => WithBases(type).Any(parent => parent.FullName == ModuleType);

    /// <summary>A type written inside a generic type, with that type's arguments put in.</summary>
    public static TypeReference Close(TypeReference type, GenericInstanceType? arguments)
    {
        if (arguments is null)
            return type;
        switch (type)
        {
            case GenericParameter { Type: GenericParameterType.Type } parameter:
                return arguments.GenericArguments[parameter.Position];
            case GenericInstanceType instance:
                var closed = new GenericInstanceType(instance.ElementType);
                foreach (TypeReference? argument in instance.GenericArguments)
                    closed.GenericArguments.Add(Close(argument, arguments));
                return closed;
            case ArrayType array:
                return array.IsVector ? new ArrayType(Close(array.ElementType, arguments)) : new ArrayType(Close(array.ElementType, arguments), array.Rank);
            case ByReferenceType reference:
                return new ByReferenceType(Close(reference.ElementType, arguments));
            default:
                return type;
        }
    }
}
