using System.Collections;
using System.Reflection;
using TorchSharp.Utils;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Fields of a module that hold modules which TorchSharp was never told of: the usual reason for a layer that is not found, or does not run.</summary>
internal static class UnregisteredFields
{
    /// <summary>
    /// A sentence about a field on the way to a layer that holds another module than the one registered in its name; null if there is none.
    /// What is done to the registered module does nothing then, because the field's runs.
    /// </summary>
    internal static string? OnPath(Module model, string path)
    {
        foreach ((Module parent, string name, Module registered) in path.Length == 0 ? [] : ModuleTree.Steps(model, path))
        {
            foreach ((string field, object? value) in Fields(parent))
            {
                if (field != PropertyOf(name) || value is not Module other || ReferenceEquals(other, registered))
                    continue;
                (string found, string expected) = TypeNames.Apart(other.GetType(), registered.GetType());
                return $"The field '{field}' of {TypeNames.Of(parent)} holds another module (a {found}) than the one registered as '{name}' (a {expected}), "
                    + "because it was assigned after RegisterComponents(), and the field's runs. Assign it before RegisterComponents(), or call "
                    + "ReplaceModule instead of assigning it.";
            }
        }

        return null;
    }

    /// <summary>A sentence that says what to do, if fields are the reason: a field of the name asked for, or a module without any child.</summary>
    internal static string Hint(Module module, List<(string Name, Module Module)> children, string? asked)
    {
        var registered = children.Select(child => child.Module).ToHashSet<Module>(ReferenceEqualityComparer.Instance);
        string? firstAsked = asked?[..ModuleTree.EndOfSegment(asked, 0)];
        foreach ((string name, object? value) in Fields(module))
        {
            if (children.Count > 0 && name != firstAsked)
                continue;
            if (value is Module single && !registered.Contains(single))
                return $" Its field '{name}' holds a module that is not registered: call RegisterComponents() at the end of the constructor.";
            if (value is IEnumerable and not Module && HoldsModules(value))
                return $" Its field '{name}' is a {TypeNames.Of(value)}, whose modules TorchSharp does not register: use ModuleList or ModuleDict.";
        }

        return "";
    }

    private static IEnumerable<(string Name, object? Value)> Fields(Module module)
    {
        for (Type? type = module.GetType(); type is not null && type.Assembly != typeof(Module).Assembly; type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                yield return (NameOf(field), field.GetValue(module));
        }
    }

    /// <summary>The name that TorchSharp registers the field by, or the property's where the compiler made the field for one.</summary>
    private static string NameOf(FieldInfo field) => field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? PropertyOf(field.Name);

    private static string PropertyOf(string field) =>
        field.StartsWith('<') && field.IndexOf('>', StringComparison.Ordinal) is > 1 and var end ? field[1..end] : field;

    private static bool HoldsModules(object collection) => collection switch
    {
        IDictionary dictionary => dictionary.Values.OfType<Module>().Any(),
        IList list => list.OfType<Module>().Any(),
        _ => false,
    };
}
