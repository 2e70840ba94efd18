namespace NetHook.Interpretability;

/// <summary>What an <see cref="ActivationPatcher"/> patches, and what it measures.</summary>
public sealed record PatchOptions
{
    /// <summary>Which states are patched.</summary>
    public StateKind Kind { get; init; }

    /// <summary>How many layers, around each one, are patched together.</summary>
    public int Window { get; init; } = 1;

    /// <summary>The answer to the clean prompt, one token such as " Paris"; null is the token that the model predicts.</summary>
    public string? CleanAnswer { get; init; }

    /// <summary>The answer to the counterfactual prompt, one token such as " Rome"; null is the token that the model predicts.</summary>
    public string? CounterfactualAnswer { get; init; }

    /// <summary>
    /// The subject in the clean prompt. Needed, with <see cref="CounterfactualSubject"/>, if the prompts have different
    /// numbers of tokens, to say which tokens stand for which: subjects are aligned at their last tokens.
    /// </summary>
    public string? CleanSubject { get; init; }

    /// <summary>The subject in the counterfactual prompt.</summary>
    public string? CounterfactualSubject { get; init; }

    /// <summary>Which occurrence of <see cref="CleanSubject"/> is meant, from 1; null if the prompt holds it once.</summary>
    public int? CleanOccurrence { get; init; }

    /// <summary>Which occurrence of <see cref="CounterfactualSubject"/> is meant, from 1; null if the prompt holds it once.</summary>
    public int? CounterfactualOccurrence { get; init; }
}
