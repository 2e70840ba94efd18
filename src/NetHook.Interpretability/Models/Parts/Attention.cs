using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>How the heads of an attention work, whatever its projections are.</summary>
internal sealed record AttentionSettings
{
    public required int Heads { get; init; }

    /// <summary>Heads of keys and values, each for as many heads of queries in a row.</summary>
    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>What scores are multiplied by.</summary>
    public required double Scale { get; init; }

    /// <summary>How queries and keys are rotated by their positions; null does not rotate.</summary>
    public Rotation? Rotation { get; init; }

    /// <summary>How many tokens each one sees, itself included; null for all.</summary>
    public int? Window { get; init; }

    /// <summary>Scores become cap · tanh(score / cap), if there is a cap.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>Whether scores are computed in Float32 whatever the model's type.</summary>
    public bool Float32Scores { get; init; }

    /// <summary>Whether the attention is written out in every pass.</summary>
    public bool NeverFused { get; init; }
}

/// <summary>
/// Causal multi-head attention (Vaswani et al. 2017) between the projections that each family has its own way with. Its named
/// places are layers that traces can read and edit: <c>queries</c>, <c>keys</c> and <c>values</c> as they meet, rotated and
/// with a key for each head; <c>scores</c>, scaled and capped but not yet masked; <c>pattern</c> behind the softmax; and
/// <c>head_outputs</c>. All are <c>[batch, heads, tokens, size]</c>, or <c>[batch, heads, to, from]</c>.
/// </summary>
/// <remarks>
/// If nothing is attached to <c>scores</c> and <c>pattern</c>, libtorch's fused attention does the same without them.
/// With a cache, <c>keys</c> and <c>values</c> hold those of the earlier tokens too.
/// </remarks>
internal abstract class Attention : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> queries = new Place(), keys = new Place(), values = new Place();
    public readonly Module<Tensor, Tensor> scores = new Place(), pattern = new Place(), head_outputs = new Place();
    private readonly AttentionSettings _settings;

    protected Attention(string name, AttentionSettings settings)
        : base(name) => _settings = settings;

    public Rotation? Rotation => _settings.Rotation;

    /// <summary>How many heads of queries there are.</summary>
    public int Heads => _settings.Heads;

    /// <summary>A layer between pattern and values; null if there is none.</summary>
    protected virtual Module<Tensor, Tensor>? PatternDropout => null;

    /// <summary>From <c>[batch, tokens, heads · size]</c> to <c>[batch, heads, tokens, size]</c>.</summary>
    protected Tensor Split(Tensor projected)
    {
        using Tensor heads = projected.view(projected.shape[0], projected.shape[1], -1, _settings.HeadSize);
        return heads.transpose(1, 2);
    }

    /// <summary>
    /// Mixes values by how queries meet keys. Makes tensors in the current dispose scope.
    /// </summary>
    /// <param name="query"><c>[batch, heads, tokens, size]</c>, not rotated yet.</param>
    /// <param name="key"><c>[batch, key-value heads, tokens, size]</c>, not rotated yet.</param>
    /// <param name="value"><c>[batch, key-value heads, tokens, size]</c>.</param>
    /// <returns><c>[batch, tokens, heads · size]</c>.</returns>
    protected Tensor Attend(Tensor query, Tensor key, Tensor value)
    {
        (long batch, long tokens) = (query.shape[0], query.shape[2]);
        using Tensor shape = query.transpose(1, 2);
        var pass = ForwardPass.Of(shape, out IDisposable? own);
        using IDisposable? _ = own;
        if (_settings.Rotation is { } rotation)
        {
            (Tensor cos, Tensor sin) = pass.Tables(rotation, query.dtype);
            (query, key) = (rotation.Apply(query, cos, sin), rotation.Apply(key, cos, sin));
        }

        (key, value) = (pass.WithoutPadding(key), pass.WithoutPadding(value));
        if (pass.Cache is not null)
            (key, value) = pass.Cache.Append(this, key, value);
        (query, key, value) = (queries.call(query), keys.call(ForEachHead(key)), values.call(ForEachHead(value)));
        Tensor mixed = head_outputs.call(Fuses(query) ? Fused(query, key, value, pass) : WrittenOut(query, key, value, pass));
        return mixed.transpose(1, 2).reshape(batch, tokens, -1);
    }

    private bool Fuses(Tensor query) =>
        !_settings.NeverFused && _settings.ScoreCap is null && !query.is_meta
        && (!_settings.Float32Scores || query.dtype is ScalarType.Float32 or ScalarType.Float64)
        && Place.MayBeLeftOut(scores) && Place.MayBeLeftOut(pattern) && (PatternDropout is not { } dropout || Place.MayBeLeftOut(dropout));

    private Tensor Fused(Tensor query, Tensor key, Tensor value, ForwardPass pass)
    {
        // libtorch divides by the root of the size itself.
        double factor = _settings.Scale * Math.Sqrt(_settings.HeadSize);
        if (Math.Abs(factor - 1) > 1e-12)
            query = query.Times(factor);
        bool causal = pass.IsPlainlyCausal(_settings.Window);
        Tensor? mask = causal || pass.SeesAll(_settings.Window) ? null : pass.Visible(_settings.Window);
        return functional.scaled_dot_product_attention(query, key, value, mask, 0, causal);
    }

    private Tensor WrittenOut(Tensor query, Tensor key, Tensor value, ForwardPass pass)
    {
        if (_settings.Float32Scores)
            (query, key) = (query.to(ScalarType.Float32), key.to(ScalarType.Float32));
        Tensor met = query.matmul(key.transpose(-2, -1)).Times(_settings.Scale);
        if (_settings.ScoreCap is { } cap)
            met = met.DividedBy(cap).tanh().Times(cap);
        met = scores.call(met);
        using Tensor hidden = pass.Hidden(_settings.Window);
        ScalarType wide = met.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : met.dtype;
        Tensor weights = pattern.call(met.WithFill(hidden, double.NegativeInfinity).softmax(-1, wide).to(value.dtype));
        return (PatternDropout?.call(weights) ?? weights).matmul(value);
    }

    private Tensor ForEachHead(Tensor grouped) =>
        _settings.KeyValueHeads == _settings.Heads ? grouped : grouped.repeat_interleave(_settings.Heads / _settings.KeyValueHeads, 1);
}
