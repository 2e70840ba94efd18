namespace NetHook.Interpretability;

/// <summary>What a <see cref="CausalTracer"/> restores, and how it corrupts. The defaults are those of Meng et al. 2022.</summary>
public sealed record CausalTraceOptions
{
    /// <summary>Which states are restored.</summary>
    public StateKind Kind { get; init; }

    /// <summary>
    /// How many layers, around each one, are restored together. Null is 1 for hidden states; for MLP and attention, 10 of
    /// 48 layers as in the paper, scaled to the model's.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>
    /// Which modules of the token whose states are restored stay as in the corrupted run, at every layer: <see cref="StateKind.Mlp"/> or
    /// <see cref="StateKind.Attention"/>, another than is restored; null for none. If less of the answer comes back, it passed through them
    /// (section 2.3 of the paper).
    /// </summary>
    public StateKind? Sever { get; init; }

    /// <summary>The standard deviation of the noise, in standard deviations of the model's token embeddings, over all elements of all tokens.</summary>
    public double Noise { get; init; } = 3;

    /// <summary>Which occurrence of the subject is corrupted, from 1; null if the prompt holds it once.</summary>
    public int? Occurrence { get; init; }

    /// <summary>How many corrupted runs, each with noise of its own, are averaged.</summary>
    public int Samples { get; init; } = 10;

    /// <summary>The seed of the noise. The same seed gives the same noise, whatever else draws random numbers.</summary>
    public long Seed { get; init; }

    /// <summary>The id of the token whose probability is measured; null is the one that the clean run predicts.</summary>
    public int? Answer { get; init; }

    /// <summary>The same as text, one token such as <c>" Paris"</c>, for a prompt that is text. Set one of the two at most.</summary>
    public string? AnswerText { get; init; }
}
