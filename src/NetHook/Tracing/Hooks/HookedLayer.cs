using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>What a hook is made of: the layer, what to do there, and whom to tell.</summary>
internal sealed record HookedLayer(string Path, Module Module, TraceOptions Options, ICallSink Sink)
{
    /// <summary>The layer as error messages name it: 'h.3' (Block).</summary>
    public string Described => MessageText.Layer(Path, Module);
}
