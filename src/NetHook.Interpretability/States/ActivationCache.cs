using System.Collections;
using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The outputs of layers for a batch of prompts, by the layers' names, as <see cref="LanguageModel.RunWithCache"/> keeps them.
/// </summary>
/// <remarks>
/// It owns its tensors, which have no gradients, until it is disposed. Each read gives a fresh handle to the same storage, which is the
/// reader's and stays valid. Several threads may read at once.
/// </remarks>
public sealed class ActivationCache : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly OrderedDictionary<string, Tensor> _kept;
    private readonly Tensor _logits;
    private bool _disposed;

    internal ActivationCache(TokenBatch batch, OrderedDictionary<string, Tensor> kept, Tensor logits)
    {
        (Batch, _kept, _logits) = (batch, kept, logits);
        foreach (Tensor tensor in kept.Values.Append(logits))
            tensor.DetachFromDisposeScope();
    }

    /// <summary>The prompts' tokens: its mask and ranges say which positions are padding.</summary>
    public TokenBatch Batch { get; }

    /// <summary>The model's logits, <c>[prompts, tokens, vocabulary]</c>. A fresh handle at each read.</summary>
    public Tensor Logits => Read(_logits);

    /// <summary>How many layers there are.</summary>
    public int Count => _kept.Count;

    /// <summary>The layers' names, in the order in which they were asked for.</summary>
    public IEnumerable<string> Keys => _kept.Keys;

    /// <summary>The layers' outputs. Fresh handles at each read.</summary>
    public IEnumerable<Tensor> Values => _kept.Values.Select(Read);

    /// <summary>A layer's output, mostly <c>[prompts, tokens, features]</c>, with padding. A fresh handle at each read.</summary>
    /// <param name="key">The layer's name.</param>
    /// <exception cref="KeyNotFoundException">The layer was not asked for.</exception>
    /// <exception cref="ObjectDisposedException">The cache was disposed.</exception>
    public Tensor this[string key] => _kept.TryGetValue(key, out Tensor? tensor) ? Read(tensor) : throw new KeyNotFoundException(
        $"Layer '{key}' was not kept. Kept are: {string.Join(", ", _kept.Keys.Take(8))}{(Count > 8 ? $" and {Count - 8} more" : "")}.");

    /// <summary>The activation of a layer for one prompt, without padding.</summary>
    /// <param name="layer">The layer's name, of one that gives <c>[prompts, tokens, ...]</c>.</param>
    /// <param name="prompt">The number of the prompt.</param>
    /// <returns><c>[tokens of the prompt, ...]</c>, the caller's.</returns>
    /// <exception cref="ArgumentException">The layer gives another shape, as those inside of attentions do.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such prompt.</exception>
    /// <exception cref="KeyNotFoundException">The layer was not asked for.</exception>
    public Tensor Row(string layer, int prompt)
    {
        using Tensor all = this[layer];
        return Batch.Row(all, prompt);
    }

    /// <summary>Whether a layer was asked for.</summary>
    /// <param name="key">The layer's name.</param>
    /// <returns>True if it was.</returns>
    public bool ContainsKey(string key) => _kept.ContainsKey(key);

    /// <summary>Gets a layer's output, if the layer was asked for.</summary>
    /// <param name="key">The layer's name.</param>
    /// <param name="value">A fresh handle.</param>
    /// <returns>Whether it was asked for.</returns>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value)
    {
        value = _kept.TryGetValue(key, out Tensor? kept) ? Read(kept) : null;
        return value is not null;
    }

    /// <summary>Goes through the layers in the order in which they were asked for.</summary>
    /// <returns>The enumerator, of fresh handles.</returns>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        _kept.Select(pair => KeyValuePair.Create(pair.Key, Read(pair.Value))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Frees the tensors. Handles that were read stay valid.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (Tensor tensor in _kept.Values.Append(_logits))
            tensor.Dispose();
    }

    private Tensor Read(Tensor kept)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return kept.alias();
    }
}
