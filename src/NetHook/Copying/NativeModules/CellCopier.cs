using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Copies RNNCell, LSTMCell and GRUCell, whose weights tell all but the nonlinearity of the first.</summary>
internal sealed class CellCopier : NativeModuleCopier
{
    protected override Module Rebuild(Module original, CopyContext context)
    {
        OrderedDict<string, Parameter> weights = TorchSharpInternals.Parameters(original);
        (long input, long hidden) = (weights["weight_ih"].shape[1], weights["weight_hh"].shape[1]);
        bool bias = weights.ContainsKey("bias_ih");
        Module copy = original switch
        {
            LSTMCell => nn.LSTMCell(input, hidden, bias),
            GRUCell => nn.GRUCell(input, hidden, bias),
            RNNCell cell => nn.RNNCell(input, hidden, Nonlinearity.Observe(
                token => cell.forward(token.squeeze(0).to(weights["weight_ih"].dtype, weights["weight_ih"].device)), input, cell, context), bias),
            _ => throw new InvalidOperationException(),
        };
        AdoptWeights(original, copy, context);
        return copy;
    }
}
