using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// What the layers of one forward pass share beside the residual stream: the tokens' positions, which keys each token may
/// see, the tables of the rotation, and the keys and values of earlier passes. Layers take and return one tensor, so that
/// traces can read and edit it; they find the pass here.
/// </summary>
/// <remarks>
/// A pass is that of the thread that began it, from <see cref="Begin"/> to <see cref="Dispose"/>; passes nest. A layer that
/// runs outside of a pass gets one of its own: a row of tokens from position 0 on.
/// </remarks>
internal sealed class ForwardPass : IDisposable
{
    [ThreadStatic]
    private static ForwardPass? _current;

    private readonly Dictionary<(Rotation Rotation, ScalarType Dtype), (Tensor Cos, Tensor Sin)> _tables = [];
    private readonly Dictionary<long, Tensor> _visible = [];
    private readonly ForwardPass? _outer = _current;
    private readonly PassStep? _outerStep = PassStep.Current;
    private readonly Device _device;
    private readonly Tensor? _padding;
    private DecoderModel? _preparedFor;

    private ForwardPass(Tensor ids, KeyValueCache? cache = null, TokenBatch? rows = null, DecoderModel? model = null, CancellationToken cancellation = default)
    {
        (Batch, Tokens, _device, Cache) = (ids.shape[0], ids.shape[1], ids.device, cache);
        (_preparedFor, Cancellation) = (model, cancellation);
        Past = cache?.Tokens ?? 0;
        using DisposeScope scope = NewDisposeScope();
        if (rows?.HasPadding == true)
        {
            Lengths = [.. rows.Rows.Select(row => (long)row.Count)];
            Positions = Kept(rows.PositionsFrom((int)Past).to(_device));
            _padding = Kept(rows.Mask.to(_device));
        }
        else
        {
            Lengths = [Past + Tokens];
            Positions = Kept(HeldScalars.Range(Past + Tokens, device: _device).narrow(0, Past, Tokens).unsqueeze(0));
        }
    }

    public long Batch { get; }

    /// <summary>How many tokens each row has in this pass.</summary>
    public long Tokens { get; }

    /// <summary>How many tokens earlier passes left in the cache.</summary>
    public long Past { get; }

    public KeyValueCache? Cache { get; }

    /// <summary>Int64 <c>[1 or batch, tokens]</c>.</summary>
    public Tensor Positions { get; }

    /// <summary>How many tokens each row has in all, padding left out; one number if all rows are as long.</summary>
    public IReadOnlyList<long> Lengths { get; }

    /// <summary>Looked at before each block.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>The pass that runs on this thread.</summary>
    public static ForwardPass? Current => _current;

    /// <summary>Begins a pass on this thread.</summary>
    /// <param name="ids">Token ids or hidden states: <c>[batch, tokens, ...]</c>.</param>
    /// <param name="rows">The rows that they are of, the tokens of the cache included; null for rows without padding.</param>
    public static ForwardPass Begin(Tensor ids, TokenBatch? rows = null) => Enter(new(ids, rows: rows), null);

    /// <summary>Begins a pass that the next call of a model on this thread is.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The ids that it will be given, <c>[batch, tokens]</c>.</param>
    /// <param name="rows">The rows that they are of, the tokens of the cache included.</param>
    /// <param name="cache">Keys and values of the tokens before; those of this pass are added.</param>
    /// <param name="step">The step of a generation that it is.</param>
    /// <param name="cancellation">Ends the pass.</param>
    public static ForwardPass Prepare(
        DecoderModel model, Tensor ids, TokenBatch? rows, KeyValueCache? cache = null, PassStep? step = null, CancellationToken cancellation = default) =>
        Enter(new(ids, cache, rows, model, cancellation), step);

    /// <summary>How many tokens the longest row has in the pass that was prepared for a model; null if none was.</summary>
    public static long? LengthFor(DecoderModel model) => _current is { } prepared && ReferenceEquals(prepared._preparedFor, model) ? prepared.Lengths.Max() : null;

    /// <summary>The pass that was prepared for this call of a model; or else a new one. Both are to be disposed by whoever made them.</summary>
    public static ForwardPass Of(DecoderModel model, Tensor ids, out IDisposable? own)
    {
        if (_current is { } prepared && ReferenceEquals(prepared._preparedFor, model) && prepared.Batch == ids.shape[0] && prepared.Tokens == ids.shape[1])
        {
            // A call inside of this one, by an edit, is another pass.
            (prepared._preparedFor, own) = (null, null);
            return prepared;
        }

        ForwardPass made = Begin(ids);
        own = made;
        return made;
    }

    /// <summary>The pass that runs; if none does, or it is of another batch, a new one, to be disposed by the caller.</summary>
    public static ForwardPass Of(Tensor input, out IDisposable? own)
    {
        own = null;
        if (_current is { } current && current.Batch == input.shape[0] && current.Tokens == input.shape[1])
            return current;
        ForwardPass made = Begin(input);
        own = made;
        return made;
    }

    /// <summary>Whether each token sees exactly itself and the tokens before it in this pass.</summary>
    public bool IsPlainlyCausal(long? window) => Past == 0 && _padding is null && (window ?? Tokens) >= Tokens;

    /// <summary>Whether each token sees every key: one token behind a cache.</summary>
    public bool SeesAll(long? window) => Tokens == 1 && _padding is null && (window ?? long.MaxValue) > Past;

    /// <summary>
    /// Which keys each token sees, Bool <c>[1 or batch, 1, to, from]</c>: itself and those before, <paramref name="window"/> in all,
    /// and no padding. Padding sees itself, so that no row is empty.
    /// </summary>
    public Tensor Visible(long? window)
    {
        long width = Math.Min(window ?? long.MaxValue, Past + Tokens);
        if (_visible.TryGetValue(width, out Tensor? known))
            return known;
        using DisposeScope scope = NewDisposeScope();
        if (_device.type == DeviceType.META)
        {
            // libtorch has no logic there.
            Tensor shape = empty([1, 1, Tokens, Past + Tokens], ScalarType.Bool, _device);
            _visible.Add(width, shape);
            return Kept(shape);
        }

        Tensor all = ones([Tokens, Past + Tokens], ScalarType.Bool, _device);
        Tensor visible = all.tril(Past).logical_and(all.triu(Past - width + 1)).unsqueeze(0);
        if (_padding is not null)
            visible = visible.logical_and(_padding.unsqueeze(1)).logical_or(all.tril(Past).logical_and(all.triu(Past)));
        visible = visible.unsqueeze(1);
        _visible.Add(width, visible);
        return Kept(visible);
    }

    /// <summary>
    /// Keys or values <c>[batch, heads, tokens, size]</c> with 0 at padding: a weight of 0 would hand on NaN. Makes a tensor in the
    /// current dispose scope if there is padding.
    /// </summary>
    public Tensor WithoutPadding(Tensor projected)
    {
        if (_padding is null)
            return projected;
        using Tensor own = _padding.narrow(1, Past, Tokens), hidden = own.logical_not(), shaped = hidden.view(Batch, 1, Tokens, 1);
        return projected.WithFill(shaped, 0);
    }

    /// <summary>The contrary of <see cref="Visible"/>. The caller's to dispose.</summary>
    public Tensor Hidden(long? window) => _device.type == DeviceType.META ? Visible(window).alias() : Visible(window).logical_not();

    /// <summary>The cosines and sines of a rotation at this pass's positions, <c>[1 or batch, 1, tokens, size]</c>.</summary>
    public (Tensor Cos, Tensor Sin) Tables(Rotation rotation, ScalarType dtype)
    {
        if (_tables.TryGetValue((rotation, dtype), out (Tensor Cos, Tensor Sin) known))
            return known;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        (Tensor cos, Tensor sin) = rotation.Tables(Positions, Lengths);
        (Tensor, Tensor) tables = (Kept(cos.to(dtype)), Kept(sin.to(dtype)));
        _tables.Add((rotation, dtype), tables);
        return tables;
    }

    public void Dispose()
    {
        (_current, PassStep.Current) = (_outer, _outerStep);
        Positions.Dispose();
        _padding?.Dispose();
        foreach (Tensor mask in _visible.Values)
            mask.Dispose();
        foreach ((Tensor cos, Tensor sin) in _tables.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }
    }

    // A pass inside of another one, by an edit, is no step of what that is a step of.
    private static ForwardPass Enter(ForwardPass pass, PassStep? step)
    {
        (_current, PassStep.Current) = (pass, step);
        return pass;
    }

    private static Tensor Kept(Tensor tensor)
    {
        tensor.DetachFromDisposeScope();
        return tensor;
    }
}
