namespace NetHook.Interpretability;

/// <summary>
/// What causal tracing found: how much of the answer comes back when states at one token and layer are restored.
/// <see cref="ToString"/> draws it.
/// </summary>
/// <remarks>Holds no tensors, and need not be disposed.</remarks>
public sealed record CausalTrace
{
    internal CausalTrace()
    {
    }

    /// <summary>The prompt; null if token ids were traced.</summary>
    public string? Prompt { get; init; }

    /// <summary>The standard deviation of the noise, in those of the embeddings; null if the noise was given.</summary>
    public double? Noise { get; init; }

    /// <summary>The seed of the noise; null if the noise was given.</summary>
    public long? Seed { get; init; }

    /// <summary>Which states were restored.</summary>
    public required StateKind Kind { get; init; }

    /// <summary>How many layers around each one were restored together.</summary>
    public required int Window { get; init; }

    /// <summary>Which modules of the restored token were kept as in the corrupted run; null if none were.</summary>
    public StateKind? Sever { get; init; }

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

    /// <summary>The trace as text: what was asked, and a table of the probabilities in percent, tokens down and layers across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        (int start, int length) = Subject.GetOffsetAndLength(Tokens.Count);
        string Label(string token, int position) => TextTable.Quote(token) + (position >= start && position < start + length ? "*" : "");
        string Percent(double probability) => TextTable.Number(100 * probability, 1);
        return $"""
            The probability of {TextTable.Quote(AnswerText)} is {Percent(CleanProbability)} %, and {Percent(CorruptedProbability)} % with the subject (*) corrupted.
            In percent, with the {StateKindNames.Of(Kind, Window)} restored{StateKindNames.Severed(Sever)}:

            {TextTable.Draw([.. Tokens.Select(Label)], Probabilities.Select(probability => 100 * probability), 1)}
            """.ReplaceLineEndings("\n");
    }
}
