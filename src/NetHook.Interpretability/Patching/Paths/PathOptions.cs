namespace NetHook.Interpretability;

/// <summary>Which parts a <see cref="PathPatcher"/> counts as the path, and how the prompts are aligned.</summary>
public sealed record PathOptions
{
    /// <summary>
    /// Whether MLPs between sender and receiver stay as they were too. If not, as in Wang et al. 2022, they belong to the path.
    /// </summary>
    public bool FreezeMlps { get; init; }

    /// <summary>The answers, and how the prompts are aligned; <see cref="PatchOptions.Kind"/> and <see cref="PatchOptions.Window"/> do not count.</summary>
    public PatchOptions Prompts { get; init; } = new();
}
