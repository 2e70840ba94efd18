using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Copies MultiheadAttention. Its weights tell all but the number of heads, the dropout, and whether a zero is attended to.</summary>
internal sealed class AttentionCopier : NativeModuleCopier
{
    protected override Module Rebuild(Module original, CopyContext context)
    {
        var probe = new AttentionProbe((MultiheadAttention)original);
        long heads = probe.ObserveHeads()
            ?? throw context.Refused(original.GetType(), "its number of heads cannot be observed, since it attends to everything alike");
        double dropout = probe.ObserveDropout(heads)
            ?? throw context.Refused(original.GetType(), "its dropout rate cannot be observed exactly");
        MultiheadAttention copy = nn.MultiheadAttention(
            probe.EmbeddedDim, heads, dropout, probe.HasBias, probe.AddsBiasToKeys, probe.AddsZero, probe.KeyDim, probe.ValueDim);
        AdoptWeights(original, copy, context);
        return copy;
    }
}
