using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The keys and values that the attentions of one model computed for earlier tokens, so that a pass over the next token
/// need not compute them again. Not for training: nothing in it has gradients.
/// </summary>
/// <remarks>
/// Memory grows by doubling, so that a token is copied about once however long the text gets. Until <see cref="Advance"/> an
/// attention that runs again in the same pass, in an edit for instance, writes to the same place.
/// </remarks>
internal sealed class KeyValueCache : IDisposable
{
    private const long LeastRoom = 16;

    private readonly Dictionary<Attention, (Tensor Keys, Tensor Values)> _kept = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many tokens of each row it holds.</summary>
    public long Tokens { get; private set; }

    /// <summary>How much memory it takes.</summary>
    public long Bytes => _kept.Values.SelectMany(pair => new[] { pair.Keys, pair.Values }).Sum(tensor => tensor.numel() * tensor.element_size());

    /// <summary>Adds the keys and values <c>[batch, heads, tokens, size]</c> of one attention, and gives all that it has.</summary>
    public (Tensor Keys, Tensor Values) Append(Attention attention, Tensor keys, Tensor values)
    {
        using IDisposable _ = no_grad();
        (Tensor Keys, Tensor Values) kept = _kept.TryGetValue(attention, out (Tensor Keys, Tensor Values) known) ? known : default;
        long all = Tokens + keys.shape[2];
        if (kept.Keys is null || kept.Keys.shape[2] < all)
        {
            long room = Math.Max(LeastRoom, 2 * all);
            (Tensor, Tensor) grown = (Grown(kept.Keys, keys, room), Grown(kept.Values, values, room));
            kept.Keys?.Dispose();
            kept.Values?.Dispose();
            _kept[attention] = kept = grown;
        }

        Write(kept.Keys!, keys);
        Write(kept.Values!, values);
        return (kept.Keys!.narrow(2, 0, all), kept.Values!.narrow(2, 0, all));
    }

    /// <summary>Says that a pass over some tokens is over.</summary>
    public void Advance(long tokens) => Tokens += tokens;

    /// <summary>Forgets all tokens.</summary>
    public void Clear()
    {
        foreach ((Tensor keys, Tensor values) in _kept.Values)
        {
            keys.Dispose();
            values.Dispose();
        }

        _kept.Clear();
        Tokens = 0;
    }

    public void Dispose() => Clear();

    private void Write(Tensor kept, Tensor added)
    {
        using Tensor place = kept.narrow(2, Tokens, added.shape[2]);
        place.copy_(added);
    }

    private Tensor Grown(Tensor? kept, Tensor like, long room)
    {
        Tensor grown = empty([like.shape[0], like.shape[1], room, like.shape[3]], like.dtype, like.device);
        grown.DetachFromDisposeScope();
        if (kept is null || Tokens == 0)
            return grown;
        using Tensor from = kept.narrow(2, 0, Tokens), to = grown.narrow(2, 0, Tokens);
        to.copy_(from);
        return grown;
    }
}
