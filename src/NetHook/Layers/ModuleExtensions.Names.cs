using static TorchSharp.torch.nn;

namespace NetHook;

public static partial class ModuleExtensions
{
    private const string Everything = "**";

    /// <summary>
    /// Lists the names of the layers that match a pattern, depth first in the order of definition. A layer that several
    /// paths lead to is listed once for each. The model itself is not listed, and neither are holders of modules, such as ModuleList: they
    /// are never called. What is listed can be traced.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="pattern">A glob over paths, <c>blocks.*.mlp</c> for instance; see <see cref="LayerPattern"/>. By default, all.</param>
    /// <param name="includeHolders">List holders of modules too, which cannot be traced.</param>
    /// <returns>The names; never empty, unless all layers of a model without any were asked for.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is malformed.</exception>
    /// <exception cref="NoModuleMatchesException">No layer matches, or only holders do and these are not asked for.</exception>
    public static IReadOnlyList<string> ModuleNames(this Module model, string pattern = Everything, bool includeHolders = false)
    {
        (List<string> names, List<string> others) = Select(model, pattern, module => includeHolders || IsCalled(module));
        if (names.Count > 0 || pattern == Everything)
            return names;
        throw others.Count > 0 ? new NoModuleMatchesException(pattern, others) : new NoModuleMatchesException(model, pattern);
    }

    /// <summary>
    /// Lists the names of the layers of a type, in the order of <see cref="ModuleNames(Module, string, bool)"/>. Holders are listed only
    /// if a holder's type is asked for, as in <c>ModuleNames&lt;ModuleList&lt;Block>>()</c>.
    /// </summary>
    /// <typeparam name="T">The layers' type, or a base class or interface of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="pattern">A glob over paths that the layers must match as well; see <see cref="LayerPattern"/>. By default, all do.</param>
    /// <returns>The names; empty if no layer that matches is of the type.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is malformed.</exception>
    /// <exception cref="NoModuleMatchesException">No layer of any type matches <paramref name="pattern"/>.</exception>
    public static IReadOnlyList<string> ModuleNames<T>(this Module model, string pattern = Everything)
        where T : class
    {
        (List<string> names, List<string> others) = Select(model, pattern, static module => module is T && (typeof(T).IsSubclassOf(typeof(Module)) || IsCalled(module)));
        return names.Count > 0 || others.Count > 0 || pattern == Everything ? names : throw new NoModuleMatchesException(model, pattern);
    }

    /// <summary>Lists the names of the layers that satisfy a predicate, in the order of <see cref="ModuleNames(Module, string, bool)"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="predicate">Is given each layer's name and the layer.</param>
    /// <param name="includeHolders">Ask the predicate about holders of modules too, which cannot be traced.</param>
    /// <returns>The names; empty if no layer satisfies the predicate.</returns>
    public static IReadOnlyList<string> ModuleNames(this Module model, Func<string, Module, bool> predicate, bool includeHolders = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(predicate);
        var names = new List<string>();
        foreach ((string path, Module module) in ModuleTree.Descendants(model))
        {
            if ((includeHolders || IsCalled(module)) && predicate(path, module))
                names.Add(path);
        }

        return names;
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

    private static bool IsCalled(Module module) => HookableTypes.CalledAs(module.GetType()) is not null;

    private static (List<string> Suited, List<string> Others) Select(Module model, string pattern, Func<Module, bool> suits)
    {
        ArgumentNullException.ThrowIfNull(model);
        var compiled = new LayerPattern(pattern);
        (List<string> suited, List<string> others) = ([], []);
        foreach ((string path, Module module) in ModuleTree.Descendants(model, compiled))
            (suits(module) ? suited : others).Add(path);
        return (suited, others);
    }
}
