namespace NetHook.Interpretability;

/// <summary>Which part of an attention head an experiment patches.</summary>
public enum HeadPart
{
    /// <summary>The sum that the head makes of the values by its pattern, before the output projection (<see cref="TransformerLayout.HeadOutputs"/>).</summary>
    Output,

    /// <summary>Its queries, as they meet the keys (<see cref="TransformerLayout.Queries"/>).</summary>
    Query,

    /// <summary>The keys as this head reads them (<see cref="TransformerLayout.Keys"/>).</summary>
    Key,

    /// <summary>The values as this head reads them (<see cref="TransformerLayout.Values"/>).</summary>
    Value,

    /// <summary>Its attention pattern: one row for each token that looks (<see cref="TransformerLayout.AttentionPattern"/>).</summary>
    Pattern,
}
