namespace NetHook.Interpretability;

/// <summary>How a text is continued. By default the most likely token is taken each time.</summary>
public sealed record GenerationOptions
{
    /// <summary>
    /// Keep the keys and values of earlier tokens, so that each pass computes the new token alone. The tokens are the same without, in
    /// Float32; a rotation that changes with the length of the text computes the whole text anew when it does. A model that is
    /// not of this library runs the whole text each time.
    /// </summary>
    public bool Cache { get; init; } = true;

    /// <summary>0 takes the most likely token. Otherwise one is drawn, by probabilities of logits divided by the temperature.</summary>
    public double Temperature { get; init; }

    /// <summary>How many of the most likely tokens one is drawn from; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>The fewest of the most likely tokens that have this probability together are drawn from (Holtzman et al. 2020), over 0 and at most 1; null for all.</summary>
    public double? TopP { get; init; }

    /// <summary>The seed that tokens are drawn by: equal seeds give equal tokens. Row n of a batch draws as a row alone does with the seed plus n.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Tokens that end a text, and are left out of it. Null is <see cref="Tokenizer.EndOfTextId"/> for a <see cref="LanguageModel"/>, and
    /// none for a model without a tokenizer.
    /// </summary>
    public IReadOnlyCollection<int>? StopTokens { get; init; }

    /// <summary>Texts that end a text, which ends before them. For a <see cref="LanguageModel"/> alone.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>How many alternatives a streamed token comes with.</summary>
    public int Alternatives { get; init; } = 5;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Validate(int vocabulary)
    {
        if (!(Temperature >= 0) || double.IsInfinity(Temperature))
            throw OutOfRange(nameof(Temperature), Temperature, "Temperature is 0, for the most likely token, or more.");
        if (TopK is < 1)
            throw OutOfRange(nameof(TopK), TopK, "TopK is at least 1. Leave it out to draw from all tokens.");
        if (TopP is { } part && !(part is > 0 and <= 1))
            throw OutOfRange(nameof(TopP), part, "TopP is over 0 and at most 1. Leave it out to draw from all tokens.");
        if (Alternatives < 0)
            throw OutOfRange(nameof(Alternatives), Alternatives, "Alternatives is 0, for none, or more.");
        foreach (int id in StopTokens ?? [])
        {
            if (id < 0 || id >= vocabulary)
                throw new ArgumentException($"StopTokens has {id}, which is outside the vocabulary, 0 to {vocabulary - 1}: the model never says it.");
        }

        if (StopStrings is null || StopStrings.Any(string.IsNullOrEmpty))
            throw new ArgumentException("StopStrings has an empty text, which would end every text at once. Leave it out.");
        if (StopStrings.FirstOrDefault(text => !Tokenizer.IsUnicode(text)) is { } wrong)
            throw new ArgumentException($"StopStrings has a text that is not Unicode, at number {StopStrings.ToList().IndexOf(wrong)}: it has half a surrogate pair.");
    }

    private static OptionException OutOfRange(string option, object? value, string message) => new(option, value, message);
}
