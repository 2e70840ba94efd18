namespace NetHook.Interpretability;

/// <summary>The parts that an <see cref="AttributionPatcher"/> estimates, and how many of its estimates it checks.</summary>
public sealed record AttributionOptions
{
    /// <summary>Which parts of the heads are estimated: their outputs by default.</summary>
    public IReadOnlyList<HeadPart> Parts { get; init; } = [HeadPart.Output];

    /// <summary>How many nodes, those with the largest estimates, are patched exactly as well; at most as many as there are.</summary>
    public int Top { get; init; } = 10;

    /// <summary>
    /// Whether nodes are ranked by GradDrop (Kramár et al. 2024, section 3.1.2), which finds those whose direct and indirect effects
    /// cancel. It takes one more backward pass for each layer but the first, each from that layer to the first.
    /// </summary>
    public bool GradDrop { get; init; }

    /// <summary>The answers, and how the prompts are aligned; <see cref="PatchOptions.Kind"/> and <see cref="PatchOptions.Window"/> do not count.</summary>
    public PatchOptions Prompts { get; init; } = new();
}
