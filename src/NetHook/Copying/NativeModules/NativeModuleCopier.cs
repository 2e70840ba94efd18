using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Copies a module that TorchSharp makes natively. Its settings cannot be read, so they are observed: in the shapes of its
/// weights, in the wrapper's fields, and in how it behaves.
/// </summary>
internal abstract class NativeModuleCopier : Copier
{
    internal static Copier? TryMake(Type type)
    {
        if (type == typeof(Embedding) || type == typeof(EmbeddingBag))
            return new EmbeddingCopier();
        if (type == typeof(RNN) || type == typeof(LSTM) || type == typeof(GRU))
            return new RecurrentCopier();
        if (type == typeof(RNNCell) || type == typeof(LSTMCell) || type == typeof(GRUCell))
            return new CellCopier();
        if (type == typeof(MultiheadAttention))
            return new AttentionCopier();
        if (type == typeof(Transformer) || type == typeof(TransformerEncoder) || type == typeof(TransformerDecoder)
            || type == typeof(TransformerEncoderLayer) || type == typeof(TransformerDecoderLayer))
        {
            return new TransformerCopier();
        }

        return null;
    }

    internal override object Copy(object original, CopyContext context)
    {
        var module = (Module)original;
        if (TorchSharpInternals.NativeHandle(module).IsInvalid)
            throw context.Refused(module.GetType(), "it is disposed");

        context.KeepRandomState();
        Module copy = TryRebuild(module, context);
        context.Own(copy);
        context.Remember(module, copy);
        ModuleCopier.CopyRegistrations(module, copy, context);
        ModuleCopier.CopyState(module, copy, context);
        return copy;
    }

    private Module TryRebuild(Module original, CopyContext context)
    {
        try
        {
            return Rebuild(original, context);
        }
        catch (ExternalException exception)
        {
            throw context.Refused(original.GetType(), $"it cannot be run to observe its settings: {exception.Message.Split('\n')[0]}");
        }
    }

    /// <summary>Makes the module anew, with copies of the original's weights.</summary>
    protected abstract Module Rebuild(Module original, CopyContext context);

    /// <summary>Moves a module just built to where the original is, and gives its weights the original's values, ties and flags.</summary>
    protected static void AdoptWeights(Module original, Module copy, CopyContext context)
    {
        OrderedDict<string, Parameter> weights = TorchSharpInternals.Parameters(original);
        if (weights.Count > 0)
            copy.to(weights[0].Item2.dtype).to(weights[0].Item2.device);
        foreach ((string name, Parameter weight) in TorchSharpInternals.Parameters(copy))
            context.Tensors.Adopt(weight, weights[name]);
    }
}
