namespace NetHook.Interpretability;

/// <summary>A model gave numbers that are not finite, so that there is nothing to analyse.</summary>
public sealed class NonFiniteException : InvalidOperationException
{
    internal NonFiniteException(string layer, string message)
        : base(message) => Layer = layer;

    /// <summary>
    /// The first layer to finish whose output holds NaN or infinity; <c>""</c>, the model itself, if each layer's is finite and the numbers
    /// come from what the model computes between them.
    /// </summary>
    public string Layer { get; }
}
