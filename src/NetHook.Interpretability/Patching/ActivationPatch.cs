namespace NetHook.Interpretability;

/// <summary>
/// What activation patching found: how far states of the clean run, put into the counterfactual one, bring the clean answer back.
/// <see cref="ToString"/> draws it.
/// </summary>
/// <remarks>
/// The measure is the logit difference behind the last token: the logit of the clean answer less that of the counterfactual
/// one (Wang et al. 2022, "Interpretability in the Wild"). Holds no tensors, and need not be disposed.
/// </remarks>
public sealed record ActivationPatch
{
    internal ActivationPatch()
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

    /// <summary>Which states were patched.</summary>
    public required StateKind Kind { get; init; }

    /// <summary>How many layers around each one were patched together.</summary>
    public required int Window { get; init; }

    /// <summary>The tokens that were patched, one at a time, in order: the first index of the grids.</summary>
    public required IReadOnlyList<PatchedToken> Tokens { get; init; }

    /// <summary>The id of the token that answers the clean prompt.</summary>
    public required int CleanAnswerId { get; init; }

    /// <summary>The id of the token that answers the counterfactual prompt.</summary>
    public required int CounterfactualAnswerId { get; init; }

    /// <summary>The text of the token that answers the clean prompt.</summary>
    public required string CleanAnswer { get; init; }

    /// <summary>The text of the token that answers the counterfactual prompt.</summary>
    public required string CounterfactualAnswer { get; init; }

    /// <summary>The probability of the clean answer in the clean run.</summary>
    public required double CleanProbability { get; init; }

    /// <summary>The probability of the counterfactual answer in the counterfactual run.</summary>
    public required double CounterfactualProbability { get; init; }

    /// <summary>The logit difference of the clean run.</summary>
    public required double CleanLogitDifference { get; init; }

    /// <summary>The logit difference of the counterfactual run.</summary>
    public required double CounterfactualLogitDifference { get; init; }

    /// <summary>The logit difference of the counterfactual run with states of the clean one, by token and layer.</summary>
    public required StateGrid LogitDifferences { get; init; }

    /// <summary>
    /// The logit differences on a scale where 0 is the counterfactual run and 1 the clean one: (patched − counterfactual) /
    /// (clean − counterfactual), as Zhang and Nanda 2024 recommend ("Towards Best Practices of Activation Patching in
    /// Language Models", section 2). Values below 0 and above 1 are possible.
    /// </summary>
    /// <returns>The grid.</returns>
    public StateGrid Normalized() => LogitDifferences.Select(
        difference => (difference - CounterfactualLogitDifference) / (CleanLogitDifference - CounterfactualLogitDifference));

    /// <summary>The patch as text: the logit differences of the two runs, and <see cref="Normalized"/> as a table, tokens down and layers across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        string Label(PatchedToken token) => TextTable.Quote(token.CleanText) + (token.Differs ? $" for {TextTable.Quote(token.CounterfactualText)}" : "");
        string Real(double value) => TextTable.Number(value, 2);
        return $"""
            The logit of {TextTable.Quote(CleanAnswer)} less that of {TextTable.Quote(CounterfactualAnswer)} is {Real(CleanLogitDifference)}, and {Real(CounterfactualLogitDifference)} in the counterfactual run.
            How much of the difference the clean {StateKindNames.Of(Kind, Window)} bring back in that run, 0 as without them, 1 as in the clean run:

            {TextTable.Draw([.. Tokens.Select(Label)], Normalized(), 2)}
            """.ReplaceLineEndings("\n");
    }
}
