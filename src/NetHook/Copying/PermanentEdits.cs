using System.Runtime.CompilerServices;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Edits that belong to a model, unlike those of a trace that someone holds. Each is a trace that keeps nothing, which the layer's own
/// table of hooks keeps alive; known to be baked, it is made anew on every copy.
/// </summary>
internal static class PermanentEdits
{
    private static readonly ConditionalWeakTable<Trace, object> Known = [];
    private static volatile bool _any;

    /// <summary>Makes an edit part of a layer. The name is for the edit, and for errors.</summary>
    internal static void Add(Module layer, string name, TraceOptions options)
    {
        Trace trace = Unattached(layer, name, options);
        Known.Add(trace, options);
        _any = true;
        trace.Attach();
    }

    /// <summary>A trace that was checked and does nothing yet.</summary>
    internal static Trace Unattached(Module layer, string name, TraceOptions options) => new(layer, name, options, stops: false, flow: null, stop: null);

    internal static IEnumerable<Trace> Of(Module layer) => !_any ? [] :
        TorchSharpInternals.PostHooks(layer).Select(hook => (hook.Target as LayerHook)?.Layer.Sink).OfType<Trace>().Where(trace => Known.TryGetValue(trace, out _));

    internal static void CopyTo(Module copy, Module original)
    {
        foreach (Trace trace in Of(original))
            Add(copy, trace.Layer, trace.Options);
    }
}
