namespace NetHook.Interpretability;

/// <summary>One number for each attention head of a model. Immutable; holds no tensors.</summary>
public sealed class HeadGrid
{
    private readonly double[] _values;

    internal HeadGrid(int layers, int heads, Func<int, int, double> value)
    {
        (Layers, Heads) = (layers, heads);
        _values = [.. Enumerable.Range(0, layers * heads).Select(i => value(i / heads, i % heads))];
    }

    /// <summary>The number of layers.</summary>
    public int Layers { get; }

    /// <summary>The number of heads in each layer.</summary>
    public int Heads { get; }

    /// <summary>All numbers, layer by layer.</summary>
    public IReadOnlyList<double> Values => _values;

    /// <summary>The number of a head.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="head">The head in the layer, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The grid has no such layer or head.</exception>
    public double this[int layer, int head]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(layer);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Layers);
            ArgumentOutOfRangeException.ThrowIfNegative(head);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(head, Heads);
            return _values[(layer * Heads) + head];
        }
    }

    internal HeadGrid Select(Func<double, double> map) => new(Layers, Heads, (layer, head) => map(this[layer, head]));

    /// <summary>A table, layers down and heads across.</summary>
    internal string Draw(int decimals) => TextTable.Draw(
        [.. Enumerable.Range(0, Layers).Select(layer => FormattableString.Invariant($"layer {layer}"))],
        new StateGrid(Layers, Heads, (layer, head) => this[layer, head]),
        decimals);
}
