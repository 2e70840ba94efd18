namespace NetHook.Interpretability;

/// <summary>What causal tracing found: how much of the answer comes back when states at one token and layer are restored.</summary>
/// <remarks>Holds no tensors, and need not be disposed.</remarks>
public sealed record CausalTrace
{
    internal CausalTrace()
    {
    }

    /// <summary>Which states were restored.</summary>
    public required StateKind Kind { get; init; }

    /// <summary>How many layers around each one were restored together.</summary>
    public required int Window { get; init; }

    /// <summary>The ids of the prompt's tokens.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>The texts of the prompt's tokens; <c>&lt;id&gt;</c> where there is none for the id.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>The positions of the subject's tokens, which were corrupted.</summary>
    public required Range Subject { get; init; }

    /// <summary>The id of the token whose probability was measured.</summary>
    public required int Answer { get; init; }

    /// <summary>The text of that token.</summary>
    public required string AnswerText { get; init; }

    /// <summary>How many corrupted runs were averaged.</summary>
    public required int Samples { get; init; }

    /// <summary>The probability of the answer in the clean run.</summary>
    public required double CleanProbability { get; init; }

    /// <summary>The probability of the answer in the corrupted runs, their mean.</summary>
    public required double CorruptedProbability { get; init; }

    /// <summary>The probability of the answer in the corrupted runs with states restored, their mean, by token and layer.</summary>
    public required StateGrid Probabilities { get; init; }

    /// <summary>The total effect of the paper: clean less corrupted probability.</summary>
    public double TotalEffect => CleanProbability - CorruptedProbability;

    /// <summary>The indirect effect of the paper: restored less corrupted probability, by token and layer.</summary>
    /// <returns>The grid.</returns>
    public StateGrid IndirectEffects() => Probabilities.Select(probability => probability - CorruptedProbability);
}
