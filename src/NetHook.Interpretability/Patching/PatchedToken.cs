namespace NetHook.Interpretability;

/// <summary>A position that was patched: a token of the counterfactual prompt, and the one of the clean prompt whose states it got.</summary>
/// <param name="CleanPosition">Its position in the clean prompt.</param>
/// <param name="CounterfactualPosition">Its position in the counterfactual prompt.</param>
/// <param name="CleanText">Its text in the clean prompt.</param>
/// <param name="CounterfactualText">Its text in the counterfactual prompt.</param>
public sealed record PatchedToken(int CleanPosition, int CounterfactualPosition, string CleanText, string CounterfactualText)
{
    /// <summary>Whether the two prompts have different tokens here.</summary>
    public bool Differs => CleanText != CounterfactualText;
}
