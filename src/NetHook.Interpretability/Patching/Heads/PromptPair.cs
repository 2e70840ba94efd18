namespace NetHook.Interpretability;

/// <summary>Two prompts that an experiment compares, their answers, and what the model says to each. Immutable; holds no tensors.</summary>
/// <remarks>
/// The measure is the logit difference behind the last token: the logit of the clean answer less that of the counterfactual
/// one (Wang et al. 2022, "Interpretability in the Wild").
/// </remarks>
public sealed record PromptPair
{
    internal PromptPair()
    {
    }

    /// <summary>The clean prompt.</summary>
    public required string CleanPrompt { get; init; }

    /// <summary>The counterfactual prompt.</summary>
    public required string CounterfactualPrompt { get; init; }

    /// <summary>The ids of the clean prompt's tokens.</summary>
    public required IReadOnlyList<int> CleanTokenIds { get; init; }

    /// <summary>The ids of the counterfactual prompt's tokens.</summary>
    public required IReadOnlyList<int> CounterfactualTokenIds { get; init; }

    /// <summary>The tokens that stand for each other, in order.</summary>
    public required IReadOnlyList<PatchedToken> Tokens { get; init; }

    /// <summary>The id of the token that answers the clean prompt.</summary>
    public required int CleanAnswerId { get; init; }

    /// <summary>The id of the token that answers the counterfactual prompt.</summary>
    public required int CounterfactualAnswerId { get; init; }

    /// <summary>The text of the token that answers the clean prompt.</summary>
    public required string CleanAnswer { get; init; }

    /// <summary>The text of the token that answers the counterfactual prompt.</summary>
    public required string CounterfactualAnswer { get; init; }

    /// <summary>The logit difference of the clean run.</summary>
    public required double CleanLogitDifference { get; init; }

    /// <summary>The logit difference of the counterfactual run.</summary>
    public required double CounterfactualLogitDifference { get; init; }

    /// <summary>A logit difference on a scale where 0 is the counterfactual run and 1 the clean one (Zhang and Nanda 2024, section 2).</summary>
    /// <param name="logitDifference">The logit difference.</param>
    /// <returns>(logitDifference − counterfactual) / (clean − counterfactual).</returns>
    public double Normalize(double logitDifference) =>
        (logitDifference - CounterfactualLogitDifference) / (CleanLogitDifference - CounterfactualLogitDifference);

    /// <summary>The answers and the logit differences of the two runs, as a sentence.</summary>
    public override string ToString() =>
        $"The logit of {TextTable.Quote(CleanAnswer)} less that of {TextTable.Quote(CounterfactualAnswer)} is {TextTable.Number(CleanLogitDifference, 2)}, and {TextTable.Number(CounterfactualLogitDifference, 2)} in the counterfactual run.";
}
