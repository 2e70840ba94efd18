using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

/// <summary>TorchSharp's modules that libtorch implements, in every setting that has to be found out.</summary>
internal static class NativeRecipes
{
    internal static IEnumerable<Recipe> All => [.. Embeddings, .. Bags, .. Recurrent, .. Cells, .. Attentions, .. Transformers];

    private static IEnumerable<Recipe> Embeddings =>
    [
        Embed(() => Embedding(9, 4)),
        Embed(() => Embedding(9, 4, padding_idx: 3)),
        Embed(() => Embedding(9, 4, padding_idx: -1)),
        Embed(() => Embedding(1, 4, padding_idx: 0)),
        Embed(() => Embedding(9, 4, max_norm: 0.7)),
        Embed(() => Embedding(9, 4, padding_idx: 0, max_norm: 1 / 3.0, norm_type: 1)),
        Embed(() => Embedding(9, 4, max_norm: 2, norm_type: double.PositiveInfinity)),
        Embed(() => Embedding(9, 4, max_norm: 0.1, norm_type: 2.5)),
        Embed(() => Embedding(9, 4, scale_grad_by_freq: true)),
        Embed(() => Embedding(9, 4, padding_idx: 2, sparse: true)),
        Embed(() => Embedding(9, 4, dtype: float64)),
        Embed(() => Embedding(9, 4, dtype: bfloat16)),
        Embed(() => Embedding_from_pretrained(randn(9, 4), freeze: false, padding_idx: 1)),
        Embed(() => Embedding_from_pretrained(randn(9, 4))),
        Embed(() => Frozen(Embedding(9, 4))),
    ];

    private static IEnumerable<Recipe> Bags =>
    [
        Bag(() => EmbeddingBag(9, 4, mode: EmbeddingBagMode.Sum)),
        Bag(() => EmbeddingBag(9, 4, mode: EmbeddingBagMode.Mean, padding_index: 2)),
        Bag(() => EmbeddingBag(9, 4, mode: EmbeddingBagMode.Max, max_norm: 0.6, norm_type: 3)),
        Bag(() => EmbeddingBag(9, 4, mode: EmbeddingBagMode.Sum, max_norm: 0.05)),
        Bag(() => EmbeddingBag(9, 4, include_last_offset: true, scale_grad_by_freq: true)),
        Bag(() => EmbeddingBag(9, 4, sparse: true, padding_index: 0)),
        Bag(() => EmbeddingBag_from_pretrained(randn(9, 4), freeze: false)),
    ];

    private static IEnumerable<Recipe> Recurrent =>
    [
        Lstm(() => LSTM(5, 7)),
        Lstm(() => LSTM(5, 7, 3, bias: false, batchFirst: true, dropout: 0.25, bidirectional: true)),
        Lstm(() => Evaluated(LSTM(5, 7, 2, dropout: 1 / 3.0))),
        Lstm(() => LSTM(5, 7, 2, dtype: float64)),
        Lstm(() => Frozen(LSTM(5, 7, 2, dropout: 0.1))),
        Lstm(() => LSTM(5, 7, 2, dtype: bfloat16)),
        Gru(() => GRU(5, 7, batchFirst: true)),
        Gru(() => GRU(5, 7, 4, dropout: 0.5, bidirectional: true)),
        Gru(() => GRU(5, 7, 2, bias: false, dropout: 0.9)),
        Rnn(() => RNN(5, 7)),
        Rnn(() => RNN(5, 7, 2, NonLinearities.ReLU, dropout: 0.15, bidirectional: true)),
        Rnn(() => RNN(5, 7, 3, bias: false, batchFirst: true)),
    ];

    private static IEnumerable<Recipe> Cells =>
    [
        new("", () => RNNCell(5, 7), RunCell),
        new("", () => RNNCell(5, 7, NonLinearities.ReLU, bias: false), RunCell),
        new("", () => GRUCell(5, 7), RunCell),
        new("", () => GRUCell(5, 7, bias: false, dtype: float64), module => [((TorchSharp.Modules.GRUCell)module).call(randn(3, 5, float64), null!)]),
        new("", () => LSTMCell(5, 7), RunLstmCell),
        new("", () => Frozen(LSTMCell(5, 7, bias: false)), RunLstmCell),
    ];

    private static IEnumerable<Recipe> Attentions =>
    [
        Attend(() => MultiheadAttention(12, 1)),
        Attend(() => MultiheadAttention(12, 4, dropout: 0.1)),
        Attend(() => Evaluated(MultiheadAttention(12, 6, dropout: 0.5, bias: false))),
        Attend(() => MultiheadAttention(12, 12, add_bias_kv: true, dropout: 0.2)),
        Attend(() => MultiheadAttention(12, 3, add_zero_attn: true, dropout: 0.2)),
        Attend(() => MultiheadAttention(12, 2, kdim: 5, vdim: 5), 5, 5),
        Attend(() => MultiheadAttention(12, 3).to(float64)),
        Attend(() => MultiheadAttention(12, 4).to(bfloat16)),
    ];

    private static IEnumerable<Recipe> Transformers =>
    [
        new("", () => Transformer(8, 2, 2, 1, 16, 0.3, Activations.GELU), RunTransformer),
        new("", () => Evaluated(Transformer(8, 4, 0, 2, 12)), RunTransformer),
        new("", () => Transformer(8, 1, 0, 0, 4), RunTransformer),
        new("", () => TransformerEncoderLayer(8, 2, 16, 0.3, Activations.GELU), module => [((TorchSharp.Modules.TransformerEncoderLayer)module).call(randn(4, 2, 8))]),
        new("", () => Frozen(Evaluated(TransformerEncoderLayer(8, 2, 16))), module => [((TorchSharp.Modules.TransformerEncoderLayer)module).call(randn(4, 2, 8))]),
        new("", () => TransformerEncoder(TransformerEncoderLayer(8, 4, 16, 0.2), 3), module => [((TorchSharp.Modules.TransformerEncoder)module).call(randn(4, 2, 8))]),
        new("", () => TransformerDecoderLayer(8, 2, 16, 0.3), module => [((TorchSharp.Modules.TransformerDecoderLayer)module).call(randn(4, 2, 8), randn(3, 2, 8))]),
        new("", () => TransformerDecoder(TransformerDecoderLayer(8, 2, 16, 0.3, Activations.GELU), 2), module => [((TorchSharp.Modules.TransformerDecoder)module).call(randn(4, 2, 8), randn(3, 2, 8))]),
    ];

    private static Recipe Embed(Func<nn.Module> make) => new("", make, module =>
    {
        var embedding = (TorchSharp.Modules.Embedding)module;
        return [embedding.call(tensor([0L, 3, 3, 8, 2, 1, 0]) % embedding.weight!.shape[0])];
    });

    private static Recipe Bag(Func<nn.Module> make) => new("", make, module =>
    {
        var bag = (TorchSharp.Modules.EmbeddingBag)module;
        // The last offset is an end, or begins an empty bag.
        return [bag.call(tensor([0L, 3, 3, 8, 2, 1]), tensor([0L, 2, 6]))];
    });

    private static Recipe Lstm(Func<nn.Module> make) => new("", make, module =>
    {
        (Tensor output, Tensor hidden, Tensor cell) = ((TorchSharp.Modules.LSTM)module).call(RecurrentInput(module));
        return [output, hidden, cell];
    });

    private static Recipe Gru(Func<nn.Module> make) => new("", make, module =>
    {
        (Tensor output, Tensor hidden) = ((TorchSharp.Modules.GRU)module).call(RecurrentInput(module));
        return [output, hidden];
    });

    private static Recipe Rnn(Func<nn.Module> make) => new("", make, module =>
    {
        (Tensor output, Tensor hidden) = ((TorchSharp.Modules.RNN)module).call(RecurrentInput(module));
        return [output, hidden];
    });

    private static Tensor RecurrentInput(nn.Module module) => randn(6, 3, 5, module.parameters().First().dtype);

    private static Tensor[] RunCell(nn.Module module) => [((nn.Module<Tensor, Tensor, Tensor>)module).call(randn(3, 5), null!)];

    private static Tensor[] RunLstmCell(nn.Module module)
    {
        (Tensor hidden, Tensor cell) = ((TorchSharp.Modules.LSTMCell)module).call(randn(3, 5), (randn(3, 7), randn(3, 7)));
        return [hidden, cell];
    }

    private static Recipe Attend(Func<nn.Module> make, long keyDim = 12, long valueDim = 12) => new("", make, module =>
    {
        Tensor Tokens(long count, long width) => randn(count, 2, width).to(module.parameters().First().dtype);
        (Tensor output, Tensor weights) = ((TorchSharp.Modules.MultiheadAttention)module).call(Tokens(4, 12), Tokens(3, keyDim), Tokens(3, valueDim));
        return [output, weights];
    });

    private static Tensor[] RunTransformer(nn.Module module) => [((TorchSharp.Modules.Transformer)module).call(randn(4, 2, 8), randn(3, 2, 8))];

    private static T Evaluated<T>(T module)
        where T : nn.Module
    {
        module.eval();
        return module;
    }

    private static T Frozen<T>(T module)
        where T : nn.Module
    {
        foreach (Parameter parameter in module.parameters())
            parameter.requires_grad = false;
        return module;
    }
}
