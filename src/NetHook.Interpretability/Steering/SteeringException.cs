namespace NetHook.Interpretability;

/// <summary>A <see cref="SteeringVector"/> has another number of features than what its layer gives.</summary>
public sealed class SteeringException : InvalidOperationException
{
    internal SteeringException(string layer, long features, IReadOnlyList<long> shape)
        : base($"The steering vector has {features} features, and '{layer}' gives [{string.Join(", ", shape)}], with {shape.LastOrDefault(1)} in the last dimension: it was made for another model or layer.") =>
        Layer = layer;

    /// <summary>The layer that was to be steered.</summary>
    public string Layer { get; }
}
