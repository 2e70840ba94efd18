namespace NetHook;

/// <summary>A trace found attached below a model by <see cref="ModuleExtensions.ActiveTraces"/>.</summary>
/// <param name="Layer">The layer's path below the model that was asked, which may differ from the path it was traced by.</param>
/// <param name="Kind">What it does there, in words: "output", "edit of the output, stop".</param>
/// <param name="Trace">The trace itself.</param>
public sealed record ActiveTrace(string Layer, string Kind, Trace Trace)
{
    /// <summary>Layer and kind.</summary>
    /// <returns>One line for logs.</returns>
    public override string ToString() => $"'{Layer}': {Kind}";
}
