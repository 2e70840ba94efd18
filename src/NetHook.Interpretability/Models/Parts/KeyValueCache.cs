using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The keys and values that the attentions of one model computed for earlier tokens, so that a pass over the next token
/// need not compute them again. Not for training: nothing in it has gradients.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Dictionary<Attention, (Tensor Keys, Tensor Values)> _kept = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many tokens of each row it holds.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds the keys and values <c>[batch, heads, tokens, size]</c> of one attention, and gives all that it has.</summary>
    public (Tensor Keys, Tensor Values) Append(Attention attention, Tensor keys, Tensor values)
    {
        if (_kept.TryGetValue(attention, out (Tensor Keys, Tensor Values) past))
        {
            (keys, values) = (cat([past.Keys, keys], 2), cat([past.Values, values], 2));
            past.Keys.Dispose();
            past.Values.Dispose();
        }

        _kept[attention] = (Kept(keys), Kept(values));
        return (keys, values);
    }

    /// <summary>Says that a pass over some tokens is over.</summary>
    public void Advance(long tokens) => Tokens += tokens;

    public void Dispose()
    {
        foreach ((Tensor keys, Tensor values) in _kept.Values)
        {
            keys.Dispose();
            values.Dispose();
        }

        _kept.Clear();
        Tokens = 0;
    }

    private static Tensor Kept(Tensor tensor)
    {
        Tensor alias = tensor.detach();
        alias.DetachFromDisposeScope();
        return alias;
    }
}
