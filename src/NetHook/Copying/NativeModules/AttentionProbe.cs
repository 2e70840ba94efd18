using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Runs an attention layer on a few random tokens, to see how it attends.</summary>
internal sealed class AttentionProbe
{
    private const int Tokens = 16;
    private const int Samples = 512;

    private readonly MultiheadAttention _attention;
    private readonly OrderedDict<string, Parameter> _weights;

    internal AttentionProbe(MultiheadAttention attention)
    {
        _attention = attention;
        _weights = TorchSharpInternals.Parameters(attention);
        EmbeddedDim = _weights["out_proj.weight"].shape[0];
        KeyDim = _weights.TryGetValue("k_proj_weight", out Parameter? key) ? key.shape[1] : EmbeddedDim;
        ValueDim = _weights.TryGetValue("v_proj_weight", out Parameter? value) ? value.shape[1] : EmbeddedDim;
        using DisposeScope scope = NewDisposeScope();
        AddsZero = Attend(Random(1, EmbeddedDim), Random(1, KeyDim)).shape[^1] == (AddsBiasToKeys ? 3 : 2);
    }

    internal long EmbeddedDim { get; }

    internal long KeyDim { get; }

    internal long ValueDim { get; }

    internal bool HasBias => _weights.ContainsKey("in_proj_bias");

    internal bool AddsBiasToKeys => _weights.ContainsKey("bias_k");

    /// <summary>Whether every token also attends to a key of zeros.</summary>
    internal bool AddsZero { get; }

    /// <summary>The number of heads with which the layer's own weights attend as it does, if only one does; null otherwise.</summary>
    internal long? ObserveHeads()
    {
        bool training = TorchSharpInternals.IsTraining(_attention);
        double error = DropoutRate.IsTold(_weights[0].Item2.dtype) ? 1e-3 : 0.03;
        TorchSharpInternals.SetTraining(_attention, false);
        try
        {
            // Sharper and sharper, since with small weights any number of heads attends nearly evenly.
            foreach (double size in (double[])[1, 10, 100, 1000])
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor query = Random(Tokens, EmbeddedDim).Times(size), key = Random(Tokens, KeyDim);
                Tensor attended = Attend(query, key).to(float64);
                var fits = Divisors(EmbeddedDim).Select(heads => (Heads: heads, Error: (Expected(query, key, heads) - attended).abs().max().item<double>()))
                    .OrderBy(fit => fit.Error).ToList();
                if (fits[0].Error < error && (fits.Count == 1 || fits[1].Error > 2 * error))
                    return fits[0].Heads;
            }

            return null;
        }
        finally
        {
            TorchSharpInternals.SetTraining(_attention, training);
        }
    }

    /// <summary>
    /// The dropout rate: with a single key to attend to, each head's attention is one before dropout, and their mean a multiple of the scale
    /// over the number of heads after it. Null if the rate cannot be told exactly.
    /// </summary>
    internal double? ObserveDropout(long heads)
    {
        // With two keys that cannot be masked, attention is never one.
        if (AddsBiasToKeys && AddsZero)
            return null;
        bool training = TorchSharpInternals.IsTraining(_attention);
        TorchSharpInternals.SetTraining(_attention, true);
        try
        {
            using DisposeScope scope = NewDisposeScope();
            using Tensor? mask = AddsBiasToKeys || AddsZero ? ones(1, 1, dtype: @bool, device: _weights[0].Item2.device) : null;
            Tensor attended = Attend(Random(Samples, EmbeddedDim), Random(1, KeyDim), mask).to(float64);
            double[] values = attended[.., .., -1].flatten().unique(sorted: true).output.data<double>().ToArray();
            // Nothing was dropped, whatever the type.
            if (values is [1])
                return 0;
            if (!DropoutRate.IsTold(_weights[0].Item2.dtype))
                return null;
            // Heads kept, from few to many, are one unit apart. All alike, all were kept.
            double unit = values.Length == 1 ? values[0] / heads : values.Zip(values.Skip(1), (less, more) => more - less).Where(gap => gap > 0.5 / heads).Min();
            return unit == 0 ? null : DropoutRate.FromScale(values[^1] / Math.Round(values[^1] / unit) * heads, _weights[0].Item2.dtype);
        }
        finally
        {
            TorchSharpInternals.SetTraining(_attention, training);
        }
    }

    /// <summary>How much each token attends to each key, as the mean over the heads: [1, queries, keys].</summary>
    private Tensor Attend(Tensor query, Tensor key, Tensor? mask = null) =>
        _attention.forward(query, key, zeros([key.shape[0], 1, ValueDim], key.dtype, key.device), mask, true, null).Item2;

    private Tensor Expected(Tensor query, Tensor key, long heads)
    {
        (Tensor queryWeight, Tensor keyWeight) = _weights.TryGetValue("in_proj_weight", out Parameter? all)
            ? (all[..(int)EmbeddedDim], all[(int)EmbeddedDim..(int)(2 * EmbeddedDim)])
            : ((Tensor)_weights["q_proj_weight"], _weights["k_proj_weight"]);
        Tensor bias = HasBias ? (Tensor)_weights["in_proj_bias"] : zeros([3 * EmbeddedDim], query.dtype, query.device);
        Tensor queries = functional.linear(query.to(float64), queryWeight.to(float64), bias[..(int)EmbeddedDim].to(float64));
        Tensor keys = functional.linear(key.to(float64), keyWeight.to(float64), bias[(int)EmbeddedDim..(int)(2 * EmbeddedDim)].to(float64));
        if (AddsBiasToKeys)
            keys = cat([keys, _weights["bias_k"].to(float64)]);
        if (AddsZero)
            keys = cat([keys, zeros([1, 1, EmbeddedDim], keys.dtype, keys.device)]);

        Tensor Split(Tensor tokens) => tokens.view(tokens.shape[0], heads, EmbeddedDim / heads).transpose(0, 1);
        Tensor scores = Split(queries).matmul(Split(keys).transpose(1, 2)).DividedBy(Math.Sqrt(EmbeddedDim / heads));
        return scores.softmax(-1).mean([0], keepdim: true);
    }

    private Tensor Random(long tokens, long dim) => randn([tokens, 1, dim], _weights[0].Item2.dtype, _weights[0].Item2.device);

    private static IEnumerable<long> Divisors(long number)
    {
        for (long divisor = 1L; divisor <= number; divisor++)
        {
            if (number % divisor == 0)
                yield return divisor;
        }
    }
}
