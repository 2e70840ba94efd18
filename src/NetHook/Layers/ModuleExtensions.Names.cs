using static TorchSharp.torch.nn;

namespace NetHook;

public static partial class ModuleExtensions
{
    private const string Everything = "**";

    /// <summary>
    /// Lists the names of the layers that match a pattern, depth first in the order of definition. A layer that several
    /// paths lead to is listed once for each. The model itself is not listed.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="pattern">A glob over paths, <c>blocks.*.mlp</c> for instance; see <see cref="LayerPattern"/>. By default, all.</param>
    /// <returns>The names; never empty, unless all layers of a model without any were asked for.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is malformed.</exception>
    /// <exception cref="NoModuleMatchesException">No layer matches.</exception>
    public static IReadOnlyList<string> ModuleNames(this Module model, string pattern = Everything)
    {
        List<string> names = Select(model, pattern, static _ => true);
        return names.Count > 0 || pattern == Everything ? names : throw new NoModuleMatchesException(model, pattern);
    }

    /// <summary>Lists the names of the layers of a type, in the order of <see cref="ModuleNames(Module, string)"/>.</summary>
    /// <typeparam name="T">The layers' type, or a base class or interface of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="pattern">A glob over paths that the layers must match as well; see <see cref="LayerPattern"/>. By default, all do.</param>
    /// <returns>The names, at least one.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is malformed.</exception>
    /// <exception cref="NoModuleMatchesException">No layer of that type matches.</exception>
    public static IReadOnlyList<string> ModuleNames<T>(this Module model, string pattern = Everything)
        where T : class
    {
        List<string> names = Select(model, pattern, static module => module is T);
        return names.Count > 0 ? names : throw new NoModuleMatchesException(model, pattern, typeof(T));
    }

    /// <summary>Lists the names of the layers that satisfy a predicate, in the order of <see cref="ModuleNames(Module, string)"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="predicate">Is given each layer's name and the layer.</param>
    /// <returns>The names, at least one.</returns>
    /// <exception cref="NoModuleMatchesException">No layer satisfies the predicate.</exception>
    public static IReadOnlyList<string> ModuleNames(this Module model, Func<string, Module, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(predicate);
        var names = new List<string>();
        foreach ((string path, Module module) in ModuleTree.Descendants(model))
        {
            if (predicate(path, module))
                names.Add(path);
        }

        return names.Count > 0 ? names : throw new NoModuleMatchesException(model);
    }

    /// <summary>
    /// Lists the names of all parameters: a module's own before those of its children, in the order of definition. A
    /// tied weight is listed once for each path that leads to it, as in a state dict.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <returns>The names; empty if the model has no parameters.</returns>
    public static IReadOnlyList<string> ParameterNames(this Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. ModuleParameters.Paths(model)];
    }

    private static List<string> Select(Module model, string pattern, Func<Module, bool> suits)
    {
        ArgumentNullException.ThrowIfNull(model);
        var compiled = new LayerPattern(pattern);
        var names = new List<string>();
        foreach ((string path, Module module) in ModuleTree.Descendants(model, compiled))
        {
            if (suits(module))
                names.Add(path);
        }

        return names;
    }
}
