using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Says of each layer what a trace can see of it, after a pass that counted calls.</summary>
internal sealed class LayerVerdicts
{
    private readonly (string Path, Module Module)[] _layers;
    private readonly (string Path, Module Module)[] _scripts;
    private readonly Dictionary<Module, long> _calls;
    private readonly Dictionary<Module, (Module? By, ForwardUse Use)> _runByForward = new(ReferenceEqualityComparer.Instance);

    /// <param name="layers">Every path, the model's first, parents before children.</param>
    /// <param name="calls">How often each layer that can be called was seen to run.</param>
    /// <param name="pass">What ran the model.</param>
    public LayerVerdicts((string Path, Module Module)[] layers, Dictionary<Module, long> calls, Delegate pass)
    {
        (_layers, _calls) = (layers, calls);
        _scripts = [.. layers.Where(layer => layer.Module is torch.jit.ScriptModule)];
        var reached = new Queue<Module>(layers.Select(layer => layer.Module).Distinct(ReferenceEqualityComparer.Instance).Cast<Module>().Where(IsSeen));
        Add(null, ForwardCalls.In(pass), reached);
        while (reached.TryDequeue(out Module? module))
            Add(module, ForwardCalls.In(module), reached);
    }

    public IReadOnlyList<VerifiedLayer> All() => [.. _layers.Select(Of)];

    private bool IsSeen(Module module) => _calls.GetValueOrDefault(module) > 0;

    // What is run by forward() runs code of its own, which may run others so.
    private void Add(Module? by, IReadOnlyDictionary<Module, ForwardUse> uses, Queue<Module> reached)
    {
        foreach ((Module module, ForwardUse use) in uses)
        {
            if (!IsSeen(module) && _runByForward.TryAdd(module, (by, use)))
                reached.Enqueue(module);
        }
    }

    private VerifiedLayer Of((string Path, Module Module) layer)
    {
        (string path, Module module) = layer;
        VerifiedLayer Is(LayerVisibility visibility, ForwardCall? call = null) => new(path, module.GetType(), visibility, _calls.GetValueOrDefault(module), call);

        if (IsSeen(module))
            return Is(LayerVisibility.Seen);
        if (_runByForward.TryGetValue(module, out (Module? By, ForwardUse Use) found))
            return Is(LayerVisibility.RunByForward, new(path, PathOf(found.By, path), found.Use.Method, found.Use.Arguments, found.Use.HasCall));
        // The outermost comes first.
        (string Path, Module Module)[] scripts = [.. _scripts.Where(script => script.Path == path || IsAbove(script.Path, path))];
        if (scripts.Length > 0)
            return Is(IsReached(scripts[0]) ? LayerVisibility.InNativeCode : LayerVisibility.NotReached);
        return Is(HookableTypes.CalledAs(module.GetType()) is null || HoldsReached(path) ? LayerVisibility.Holder : LayerVisibility.NotReached);
    }

    // A script that is loaded without its types has no hooks by which it could be seen.
    private bool IsReached((string Path, Module Module) script) =>
        IsSeen(script.Module) || _runByForward.ContainsKey(script.Module) || HookableTypes.CalledAs(script.Module.GetType()) is null;

    private bool HoldsReached(string path) => _layers.Any(other =>
        other.Path != path && IsAbove(path, other.Path) && (IsSeen(other.Module) || _runByForward.ContainsKey(other.Module)));

    // Of the paths of the module, one that leads to the layer, if there is any.
    private string? PathOf(Module? module, string path) => module is null ? null
        : _layers.Where(layer => ReferenceEquals(layer.Module, module)).OrderByDescending(layer => IsAbove(layer.Path, path)).First().Path;

    private static bool IsAbove(string parent, string path) => parent.Length == 0 || path.StartsWith(parent + ".", StringComparison.Ordinal);
}
