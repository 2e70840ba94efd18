using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>The layers within a native transformer, as modules that share them; and clones of such layers, which share nothing.</summary>
internal static class TransformerLayers
{
    internal static TransformerEncoderLayer FirstOf(TransformerEncoder encoder) =>
        TorchSharpInternals.NewTransformerEncoderLayer(FirstLayer(encoder), 0);

    internal static TransformerDecoderLayer FirstOf(TransformerDecoder decoder) =>
        TorchSharpInternals.NewTransformerDecoderLayer(FirstLayer(decoder), 0);

    /// <summary>The first layer of the transformer's encoder, which is the transformer's first child.</summary>
    internal static TransformerEncoderLayer FirstEncoderLayer(Transformer transformer)
    {
        using Module encoder = Child(transformer, 0);
        return TorchSharpInternals.NewTransformerEncoderLayer(FirstLayer(encoder), 0);
    }

    /// <summary>The first layer of the transformer's decoder, which is the transformer's second child.</summary>
    internal static TransformerDecoderLayer FirstDecoderLayer(Transformer transformer)
    {
        using Module decoder = Child(transformer, 1);
        return TorchSharpInternals.NewTransformerDecoderLayer(FirstLayer(decoder), 0);
    }

    /// <summary>The attention to a layer's own input, the first child of encoder and decoder layers alike.</summary>
    internal static MultiheadAttention Attention(Module layer) =>
        TorchSharpInternals.NewMultiheadAttention(TorchSharpInternals.NewNativeChild(layer, 0), 0);

    /// <summary>An encoder clones the layer that it is given.</summary>
    internal static TransformerEncoderLayer Clone(TransformerEncoderLayer layer)
    {
        using TransformerEncoder encoder = nn.TransformerEncoder(layer, 1);
        return FirstOf(encoder);
    }

    /// <summary>A decoder clones the layer that it is given.</summary>
    internal static TransformerDecoderLayer Clone(TransformerDecoderLayer layer)
    {
        using TransformerDecoder decoder = nn.TransformerDecoder(layer, 1);
        return FirstOf(decoder);
    }

    /// <summary>The list of layers is the first child of encoder and decoder alike.</summary>
    private static nint FirstLayer(Module stack)
    {
        using Module layers = Child(stack, 0);
        return TorchSharpInternals.NewNativeChild(layers, 0);
    }

    private static Module Child(Module parent, int index) => TorchSharpInternals.NewModule(TorchSharpInternals.NewNativeChild(parent, index), null, true);
}
