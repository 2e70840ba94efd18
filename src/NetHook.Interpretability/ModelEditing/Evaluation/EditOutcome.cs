namespace NetHook.Interpretability;

/// <summary>What one edit did to the prompts of its case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Edited">The edited prompt.</param>
/// <param name="Paraphrases">The same asked in other words.</param>
/// <param name="Neighbours">The same asked of other subjects.</param>
public sealed record EditOutcome(
    EditCase Case, PromptOutcome Edited, IReadOnlyList<PromptOutcome> Paraphrases, IReadOnlyList<PromptOutcome> Neighbours);
