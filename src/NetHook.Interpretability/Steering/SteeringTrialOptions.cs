namespace NetHook.Interpretability;

/// <summary>How a <see cref="SteeringTrial"/> tries a vector.</summary>
public sealed record SteeringTrialOptions
{
    /// <summary>The strengths that are tried, besides none at all.</summary>
    public IReadOnlyList<double> Strengths { get; init; } = [1];

    /// <summary>The answer whose logit is measured, one token such as " good"; null measures nothing.</summary>
    public string? Answer { get; init; }

    /// <summary>The answer whose logit is taken off, one token; null takes the log probability of <see cref="Answer"/> alone.</summary>
    public string? Against { get; init; }

    /// <summary>How many tokens each prompt is continued by; 0 continues none.</summary>
    public int MaxTokens { get; init; } = 20;

    /// <summary>The seed that the random vector is drawn by.</summary>
    public long Seed { get; init; }
}
