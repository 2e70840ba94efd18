using TorchSharp.Modules;

namespace NetHook;

/// <summary>Knows the modules of TorchSharp of which some overloads of <c>call()</c> go straight to native code, past the hooks.</summary>
internal static class UnhookedCalls
{
    private static readonly Dictionary<Type, string> Sentences = new()
    {
        [typeof(TransformerEncoderLayer)] = "TransformerEncoderLayer.call(src) runs hooks, its overloads with masks do not.",
        [typeof(Transformer)] = "Transformer.call(src, tgt) runs hooks, its overload with masks does not.",
        [typeof(LSTM)] = "LSTM.call runs hooks for a Tensor, not for a PackedSequence.",
        [typeof(GRU)] = "GRU.call runs hooks for a Tensor, not for a PackedSequence.",
        [typeof(RNN)] = "RNN.call runs hooks for a Tensor, not for a PackedSequence.",
    };

    /// <summary>Which calls of a layer are not seen, as a sentence after another; nothing for most layers.</summary>
    public static string Of(Type layer) => Sentences.TryGetValue(layer, out string? sentence) ? " " + sentence : "";
}
