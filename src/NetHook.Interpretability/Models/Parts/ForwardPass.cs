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
    private readonly Device _device;
    private readonly Tensor? _padding;
    private readonly bool _ownsPositions;

    private ForwardPass(long batch, long tokens, Device device, KeyValueCache? cache, Tensor? positions, Tensor? padding, IReadOnlyList<long>? lengths)
    {
        (Batch, Tokens, _device, Cache, _padding) = (batch, tokens, device, cache, padding);
        Past = cache?.Tokens ?? 0;
        Lengths = lengths ?? [Past + tokens];
        _ownsPositions = positions is null;
        Positions = positions ?? Kept(HeldScalars.Range(Past + tokens, device: device).narrow(0, Past, tokens).unsqueeze(0));
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

    /// <summary>Begins a pass on this thread.</summary>
    /// <param name="ids">Token ids or hidden states: <c>[batch, tokens, ...]</c>.</param>
    /// <param name="cache">Keys and values of the tokens before; those of this pass are added.</param>
    /// <param name="positions">The position of each token, Int64 <c>[batch, tokens]</c>; null counts from the cache's end.</param>
    /// <param name="padding">Bool <c>[batch, past + tokens]</c>: true for real tokens; null if all are.</param>
    /// <param name="lengths">How many real tokens each row has, those of the cache included.</param>
    public static ForwardPass Begin(
        Tensor ids, KeyValueCache? cache = null, Tensor? positions = null, Tensor? padding = null, IReadOnlyList<long>? lengths = null) =>
        _current = new(ids.shape[0], ids.shape[1], ids.device, cache, positions, padding, lengths);

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
        _current = _outer;
        if (_ownsPositions)
            Positions.Dispose();
        foreach (Tensor mask in _visible.Values)
            mask.Dispose();
        foreach ((Tensor cos, Tensor sin) in _tables.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }
    }

    private static Tensor Kept(Tensor tensor)
    {
        tensor.DetachFromDisposeScope();
        return tensor;
    }
}
