using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Copies transformers and their layers. An encoder or decoder clones the layer that it is given, natively and with
/// all its settings: such a clone is the copy of a layer, and what the settings of a whole transformer are observed on.
/// </summary>
internal sealed class TransformerCopier : NativeModuleCopier
{
    protected override Module Rebuild(Module original, CopyContext context)
    {
        if (original is TransformerEncoderLayer or TransformerDecoderLayer)
        {
            Module clone = original is TransformerEncoderLayer layer ? TransformerLayers.Clone(layer) : TransformerLayers.Clone((TransformerDecoderLayer)original);
            foreach ((string name, Parameter weight) in TorchSharpInternals.Parameters(clone))
                context.Tensors.Adopt(weight, TorchSharpInternals.Parameters(original)[name], sameValues: true);
            return clone;
        }

        Module copy = original switch
        {
            TransformerEncoder encoder => RebuildEncoder(encoder),
            TransformerDecoder decoder => RebuildDecoder(decoder),
            _ => RebuildTransformer((Transformer)original, context),
        };
        AdoptWeights(original, copy, context);
        return copy;
    }

    private static TransformerEncoder RebuildEncoder(TransformerEncoder original)
    {
        int layers = CountLayers(original, "layers.");
        using TransformerEncoderLayer layer = layers == 0 ? nn.TransformerEncoderLayer(1, 1, 1) : TransformerLayers.FirstOf(original);
        return nn.TransformerEncoder(layer, layers);
    }

    private static TransformerDecoder RebuildDecoder(TransformerDecoder original)
    {
        int layers = CountLayers(original, "layers.");
        using TransformerDecoderLayer layer = layers == 0 ? nn.TransformerDecoderLayer(1, 1, 1) : TransformerLayers.FirstOf(original);
        return nn.TransformerDecoder(layer, layers);
    }

    private static Transformer RebuildTransformer(Transformer original, CopyContext context)
    {
        (int encoders, int decoders) = (CountLayers(original, "encoder.layers."), CountLayers(original, "decoder.layers."));
        long features = TorchSharpInternals.Parameters(original)["encoder.norm.weight"].shape[0];
        if (encoders + decoders == 0)
            return nn.Transformer(features, 1, 0, 0, 1, 0);

        using Module layer = encoders > 0 ? CloneFirstEncoderLayer(original) : CloneFirstDecoderLayer(original);
        long hidden = TorchSharpInternals.Parameters(layer)["linear1.weight"].shape[0];
        // In double precision and with weights of the probe's own, whatever the original's are, everything shows.
        layer.to(float64);
        foreach (Parameter weight in layer.parameters())
            weight.normal_();
        using MultiheadAttention attention = TransformerLayers.Attention(layer);
        var probe = new AttentionProbe(attention);
        long heads = probe.ObserveHeads() ?? throw context.Refused(typeof(Transformer), "its number of heads cannot be observed");
        double dropout = probe.ObserveDropout(heads) ?? throw context.Refused(typeof(Transformer), "its dropout rate cannot be observed exactly");
        return nn.Transformer(features, heads, encoders, decoders, hidden, dropout, ObserveActivation(layer));
    }

    private static TransformerEncoderLayer CloneFirstEncoderLayer(Transformer original)
    {
        using TransformerEncoderLayer layer = TransformerLayers.FirstEncoderLayer(original);
        return TransformerLayers.Clone(layer);
    }

    private static TransformerDecoderLayer CloneFirstDecoderLayer(Transformer original)
    {
        using TransformerDecoderLayer layer = TransformerLayers.FirstDecoderLayer(original);
        return TransformerLayers.Clone(layer);
    }

    /// <summary>With minus one in all hidden units and nothing else, a rectifier lets nothing through.</summary>
    private static nn.Activations ObserveActivation(Module layer)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, Parameter weight) in layer.named_parameters())
        {
            if (name.StartsWith("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal))
                weight.FillInPlace(1);
            else
                weight.zero_();
            if (name == "linear1.bias")
                weight.FillInPlace(-1);
            // One feature only: what is the same in all features is lost when they are normalised.
            if (name == "linear2.weight")
                weight[0].FillInPlace(1);
        }

        layer.eval();
        Tensor nothing = zeros([1, 1, layer.get_parameter("norm1.weight")!.shape[0]], float64, layer.get_parameter("norm1.weight")!.device);
        Tensor output = layer is TransformerEncoderLayer encoder ? encoder.forward(nothing) : ((TransformerDecoderLayer)layer).call(nothing, nothing);
        return output.any().item<bool>() ? nn.Activations.GELU : nn.Activations.ReLU;
    }

    /// <summary>Parameters are named after the layer's number: <c>layers.11.linear1.weight</c>.</summary>
    private static int CountLayers(Module stack, string prefix) => TorchSharpInternals.Parameters(stack).Keys
        .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(name => name[prefix.Length..name.IndexOf('.', prefix.Length)]).Distinct().Count();
}
