namespace NetHook.Interpretability;

/// <summary>One number for each token of a prompt and each layer of a model. Immutable; holds no tensors.</summary>
public sealed class StateGrid
{
    private readonly double[] _values;

    internal StateGrid(int tokens, int layers, Func<int, int, double> value)
    {
        (Tokens, Layers) = (tokens, layers);
        _values = [.. Enumerable.Range(0, tokens * layers).Select(i => value(i / layers, i % layers))];
    }

    /// <summary>The number of tokens.</summary>
    public int Tokens { get; }

    /// <summary>The number of layers.</summary>
    public int Layers { get; }

    /// <summary>All numbers, token by token.</summary>
    public IReadOnlyList<double> Values => _values;

    /// <summary>The number of a token and a layer.</summary>
    /// <param name="token">The token's position, from 0.</param>
    /// <param name="layer">The layer, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The grid has no such token or layer.</exception>
    public double this[int token, int layer]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(token);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, Tokens);
            ArgumentOutOfRangeException.ThrowIfNegative(layer);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Layers);
            return _values[(token * Layers) + layer];
        }
    }

    internal StateGrid Select(Func<double, double> map) => new(Tokens, Layers, (token, layer) => map(this[token, layer]));
}
