using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Copies RNN, LSTM and GRU. The shapes of their weights tell most; nonlinearity and dropout between the layers are observed.</summary>
internal sealed class RecurrentCopier : NativeModuleCopier
{
    protected override Module Rebuild(Module original, CopyContext context)
    {
        OrderedDict<string, Parameter> weights = TorchSharpInternals.Parameters(original);
        int layers = weights.Keys.Count(IsInputWeight);
        bool bidirectional = weights.ContainsKey("weight_ih_l0_reverse");
        bool bias = weights.ContainsKey("bias_ih_l0");
        (long input, long hidden) = (weights["weight_ih_l0"].shape[1], weights["weight_hh_l0"].shape[1]);

        var probe = new RecurrentProbe(original, layers, bidirectional ? 2 : 1);
        // A single layer has no other to pass its output to.
        double dropout = layers == 1 ? 0 : probe.ObserveDropout()
            ?? throw context.Refused(original.GetType(), "its dropout rate cannot be observed exactly");
        Module copy = original switch
        {
            LSTM lstm => nn.LSTM(input, hidden, layers, bias, TorchSharpInternals.IsBatchFirst(lstm), dropout, bidirectional),
            GRU gru => nn.GRU(input, hidden, layers, bias, TorchSharpInternals.IsBatchFirst(gru), dropout, bidirectional),
            RNN rnn => nn.RNN(
                input, hidden, layers, Nonlinearity.Observe(probe.FirstLayer, input, rnn, context), bias, TorchSharpInternals.IsBatchFirst(rnn), dropout,
                bidirectional),
            _ => throw new InvalidOperationException(),
        };
        AdoptWeights(original, copy, context);
        return copy;
    }

    private static bool IsInputWeight(string name) =>
        name.StartsWith("weight_ih_l", StringComparison.Ordinal) && !name.EndsWith("_reverse", StringComparison.Ordinal);
}
