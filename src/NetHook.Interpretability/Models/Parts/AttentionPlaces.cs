namespace NetHook.Interpretability;

/// <summary>The paths of the named places that every <see cref="Attention"/> has.</summary>
internal static class AttentionPlaces
{
    /// <param name="layout">A layout.</param>
    /// <param name="attention">The path of the layer that returns what the block adds.</param>
    /// <param name="inside">The path of the <see cref="Attention"/>, if it is another one.</param>
    public static TransformerLayout WithAttention(this TransformerLayout layout, string attention, string? inside = null) => layout with
    {
        AttentionPath = attention,
        QueriesPath = $"{inside ?? attention}.{nameof(Attention.queries)}",
        KeysPath = $"{inside ?? attention}.{nameof(Attention.keys)}",
        ValuesPath = $"{inside ?? attention}.{nameof(Attention.values)}",
        AttentionScoresPath = $"{inside ?? attention}.{nameof(Attention.scores)}",
        AttentionPatternPath = $"{inside ?? attention}.{nameof(Attention.pattern)}",
        HeadOutputsPath = $"{inside ?? attention}.{nameof(Attention.head_outputs)}",
    };
}
