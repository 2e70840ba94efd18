namespace NetHook.Interpretability;

/// <summary>What a model says to one prompt before an edit and after it.</summary>
/// <remarks>
/// The probability of an answer of several tokens is their geometric mean, as in the original evaluation. What the model says
/// is what comes of taking the most likely token, again and again, as many tokens as the answer has.
/// </remarks>
public sealed record PromptOutcome
{
    /// <summary>The prompt.</summary>
    public required string Prompt { get; init; }

    /// <summary>The ids of the prompt's tokens.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>The edit's target as it was measured, with the space before it.</summary>
    public required string Target { get; init; }

    /// <summary>The ids of the target's tokens.</summary>
    public required IReadOnlyList<int> TargetIds { get; init; }

    /// <summary>The answer that was right before the edit: for a neighbour, its own.</summary>
    public required string TrueAnswer { get; init; }

    /// <summary>The ids of that answer's tokens.</summary>
    public required IReadOnlyList<int> TrueAnswerIds { get; init; }

    /// <summary>What the model says before.</summary>
    public required string SaidBefore { get; init; }

    /// <summary>What the model says after.</summary>
    public required string SaidAfter { get; init; }

    /// <summary>Whether the model says the edit's target after it.</summary>
    public required bool SaysTarget { get; init; }

    /// <summary>The probability of the edit's target before.</summary>
    public required double TargetBefore { get; init; }

    /// <summary>The probability of the edit's target after.</summary>
    public required double TargetAfter { get; init; }

    /// <summary>The probability of the true answer before.</summary>
    public required double TrueBefore { get; init; }

    /// <summary>The probability of the true answer after.</summary>
    public required double TrueAfter { get; init; }

    /// <summary>Whether the model says the same as before.</summary>
    public bool Unchanged => SaidBefore == SaidAfter;

    /// <summary>Whether the target is more likely after the edit than the true answer.</summary>
    public bool PrefersTarget => TargetAfter > TrueAfter;
}
