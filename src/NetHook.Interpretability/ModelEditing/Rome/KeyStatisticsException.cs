namespace NetHook.Interpretability;

/// <summary>
/// The statistic of a layer's keys does not allow an edit: it is of other features than the keys, of too few tokens, or cannot be inverted.
/// </summary>
public sealed class KeyStatisticsException : InvalidOperationException
{
    internal KeyStatisticsException(string problem, string advice)
        : base($"{problem} {advice}") => Problem = problem;

    private KeyStatisticsException(string problem)
        : this(problem, "Collect it over more text, or set Ridge.") => RidgeHelps = true;

    /// <summary>What is wrong, in a sentence, without what to do.</summary>
    public string Problem { get; }

    /// <summary>Whether <see cref="RomeOptions.Ridge"/> is a way out.</summary>
    public bool RidgeHelps { get; }

    internal static KeyStatisticsException Singular(string problem) => new(problem);
}
