namespace NetHook.Interpretability;

/// <summary>A <see cref="TransformerLayout"/> lacks a place that an analysis needs, or does not fit the model it is used with.</summary>
public sealed class LayoutException : ArgumentException
{
    internal LayoutException(string place, string? path, string message, Exception? inner = null)
        : base(message, inner)
    {
        (Place, Path) = (place, path);
    }

    /// <summary>The property of the layout that is at fault, such as <c>MlpPath</c>.</summary>
    public string Place { get; }

    /// <summary>The layer's path that the layout gives for it; null if it gives none.</summary>
    public string? Path { get; }
}
