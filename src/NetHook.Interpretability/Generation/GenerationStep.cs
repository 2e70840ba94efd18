namespace NetHook.Interpretability;

/// <summary>One pass of a generation: which columns it computes, and in which column the prompt of each row ends.</summary>
internal sealed record GenerationStep(int Number, int Start, int End, IReadOnlyList<int> PromptEnds) : PassStep(Number, Start, End)
{
    /// <summary>Whether the pass computes nothing but a part.</summary>
    public bool IsAll(TokenPart part, int from) => part switch
    {
        TokenPart.Prompt => PromptEnds.All(end => end >= End),
        TokenPart.NewTokens => PromptEnds.All(end => end <= from),
        _ => true,
    };

    /// <summary>Whether the pass computes nothing of a part.</summary>
    public bool IsNone(TokenPart part, int from) => part != TokenPart.All && IsAll(part == TokenPart.Prompt ? TokenPart.NewTokens : TokenPart.Prompt, from);

    /// <summary>Which columns from one on are of a part, row by row.</summary>
    public bool[] Mask(TokenPart part, int from) =>
        [.. PromptEnds.SelectMany(end => Enumerable.Range(from, End - from).Select(column => column < end == (part == TokenPart.Prompt)))];
}
