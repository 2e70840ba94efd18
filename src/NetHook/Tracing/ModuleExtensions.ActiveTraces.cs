using static TorchSharp.torch.nn;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>Lists the traces attached to a model and to what is below it, in the order of the layers, then of attaching.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The traces with the layers' paths; a layer shared by several parents comes once, by its first path.</returns>
    public static IReadOnlyList<ActiveTrace> ActiveTraces(this Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var seen = new HashSet<Module>(ReferenceEqualityComparer.Instance);
        var found = new List<ActiveTrace>();
        foreach ((string layer, Module module) in ModuleTree.Descendants(model).Prepend(("", model)))
        {
            if (!seen.Add(module))
                continue;
            found.AddRange(TorchSharpInternals.PostHooks(module)
                .Select(hook => hook.Target).OfType<LayerHook>()
                .Select(hook => new ActiveTrace(layer, hook.Trace.Kind, hook.Trace)));
        }

        return found;
    }
}
