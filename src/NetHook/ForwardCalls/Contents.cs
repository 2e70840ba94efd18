using System.Collections;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>The modules in what code holds: the items of lists, the children of modules. No code of the user's is run to find them.</summary>
internal static class Contents
{
    private const int Deepest = 8;

    /// <summary>Whether a value of a type may lead to a module at all.</summary>
    public static bool MayLead(Type type)
    {
        Type plain = type.IsByRef ? type.GetElementType()! : type;
        return plain != typeof(void) && !plain.IsPrimitive && !plain.IsEnum && plain != typeof(string) && plain != typeof(Tensor) && !plain.IsPointer;
    }

    public static bool IsModule(Type type) =>
        typeof(Module).IsAssignableFrom(type) || (type.IsInterface && type.IsGenericType && type.Name.StartsWith("IModule`", StringComparison.Ordinal));

    /// <summary>The modules inside a value, of a type, each once.</summary>
    public static IEnumerable<object> Of(object value, Type type) => Inside(value, [], 0).Where(type.IsInstanceOfType);

    private static IEnumerable<object> Inside(object? value, HashSet<object> seen, int depth)
    {
        IEnumerable<object?> items = value switch
        {
            PartsOf parts => [parts.Source],
            Module module => ModuleChildren.Of(module).Select(child => child.Module),
            MadeObject made => made.Elements.All.Concat(made.Fields.Values.SelectMany(field => field.All)),
            Variable variable => variable.Values.All,
            IDictionary dictionary => dictionary.Values.Cast<object?>(),
            IList list => list.Cast<object?>(),
            ITuple tuple => Enumerable.Range(0, tuple.Length).Select(index => tuple[index]),
            _ => [],
        };
        if (value is null || depth > Deepest || !seen.Add(value))
            yield break;
        bool whole = value is PartsOf;
        foreach (object? item in items)
        {
            foreach (object module in item is Module && !whole ? [item] : Inside(item, seen, depth + 1))
                yield return module;
        }
    }
}
