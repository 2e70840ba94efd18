namespace NetHook.Interpretability;

/// <summary>An edit and the prompts that show what it did: a record of CounterFact (Meng et al. 2022, section 3.3).</summary>
public sealed record EditCase
{
    /// <summary>The fact to be written into the model.</summary>
    public required EditRequest Request { get; init; }

    /// <summary>What was the answer before: <c>" Paris"</c>. Null is the token that the model says before the edit.</summary>
    public string? TrueAnswer { get; init; }

    /// <summary>The same asked in other words: <c>"The name of the capital of France is"</c>.</summary>
    public IReadOnlyList<string> Paraphrases { get; init; } = [];

    /// <summary>The same asked of other subjects.</summary>
    public IReadOnlyList<EditNeighbour> Neighbours { get; init; } = [];
}
