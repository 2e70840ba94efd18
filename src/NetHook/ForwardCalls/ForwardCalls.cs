using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Which layers code runs by <c>forward()</c>, read from the compiled code. Code that cannot be read gives nothing.</summary>
internal static class ForwardCalls
{
    private static readonly Dictionary<Module, ForwardUse> Nothing = [];

    /// <summary>Looks at the code of the modules above a layer, nearest first, then at that of the pass; null if none of it runs the layer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The layer's path.</param>
    /// <param name="pass">What ran the model, if that is known.</param>
    public static ForwardCall? Of(Module model, string path, Delegate? pass = null)
    {
        try
        {
            Module layer = model.GetModule(path);
            (string Path, Module Module)[] above = [.. Above(model, layer, path)];
            foreach (bool everyMethod in new[] { false, true })
            {
                foreach ((string parent, Module module) in above)
                {
                    if (In(module, everyMethod).TryGetValue(layer, out ForwardUse use))
                        return new(path, parent, use.Method, use.Arguments, use.HasCall);
                }
            }

            return pass is not null && In(pass).TryGetValue(layer, out ForwardUse own) ? new(path, null, own.Method, own.Arguments, own.HasCall) : null;
        }
#pragma warning disable CA1031 // This only adds to an error that is on its way: code that is odd must not hide it.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    /// <summary>The modules that a module's <c>forward</c> runs by <c>forward</c>, with the code that it calls; or also its methods that nothing there calls.</summary>
    public static IReadOnlyDictionary<Module, ForwardUse> In(Module module, bool everyMethod = false)
    {
        MethodBase[] methods = everyMethod
            ? module.GetType().GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            : ForwardMethods.Of(module) is { } forward ? [forward] : [];
        return Search(methods, new(module));
    }

    /// <summary>The modules that a pass itself runs by <c>forward</c>.</summary>
    public static IReadOnlyDictionary<Module, ForwardUse> In(Delegate pass) =>
        Search([pass.Method], pass.Target is { } target ? new(target) : PossibleValues.None);

    private static IReadOnlyDictionary<Module, ForwardUse> Search(IEnumerable<MethodBase> methods, PossibleValues target)
    {
        var search = new CodeSearch();
        foreach (MethodBase method in methods.Where(ForwardMethods.IsRead))
        {
            int parameters = method.GetParameters().Length;
            search.Read(method, [.. method.IsStatic ? [] : new[] { target }, .. Enumerable.Repeat(PossibleValues.None, parameters)]);
        }

        return search.Found.Count == 0 ? Nothing : search.Found;
    }

    // The modules on the way to the layer come first; it may also be shared, and run from another place.
    private static IEnumerable<(string Path, Module Module)> Above(Module model, Module layer, string path)
    {
        foreach ((string end, Module parent) in Parents(model, path))
            yield return (end, parent);
        foreach ((string other, Module module) in ModuleTree.Descendants(model))
        {
            if (!ReferenceEquals(module, layer) || other == path)
                continue;
            foreach ((string end, Module parent) in Parents(model, other))
                yield return (end, parent);
        }
    }

    private static IEnumerable<(string Path, Module Module)> Parents(Module model, string path)
    {
        if (path.Length == 0)
            yield break;
        IReadOnlyList<(Module Parent, string Name, Module Child)> steps = ModuleTree.Steps(model, path);
        for (int count = steps.Count - 1; count >= 0; count--)
            yield return (string.Join('.', steps.Take(count).Select(step => step.Name)), steps[count].Parent);
    }
}
