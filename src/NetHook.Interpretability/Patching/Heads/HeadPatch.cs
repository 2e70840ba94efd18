namespace NetHook.Interpretability;

/// <summary>
/// The result of patching by head: how far one part of each head of the clean run, put into the counterfactual one, brings the clean answer
/// back. <see cref="ToString"/> draws it. Immutable; holds no tensors.
/// </summary>
public sealed record HeadPatch
{
    internal HeadPatch()
    {
    }

    /// <summary>The prompts, their answers, and the logit differences of the two runs.</summary>
    public required PromptPair Pair { get; init; }

    /// <summary>Which part was patched.</summary>
    public required HeadPart Part { get; init; }

    /// <summary>The tokens that were patched together.</summary>
    public required IReadOnlyList<PatchedToken> Patched { get; init; }

    /// <summary>The logit difference of the counterfactual run with the part of each head as in the clean one.</summary>
    public required HeadGrid LogitDifferences { get; init; }

    /// <summary>The logit differences on the scale of <see cref="PromptPair.Normalize"/>: 0 is the counterfactual run, 1 the clean one.</summary>
    /// <returns>The grid.</returns>
    public HeadGrid Normalized() => LogitDifferences.Select(Pair.Normalize);

    /// <summary>The patch as text: the logit differences of the two runs, and <see cref="Normalized"/> as a table, layers down and heads across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        string tokens = Patched.Count == Pair.Tokens.Count ? "all tokens" : string.Join(", ", Patched.Select(token => TextTable.Quote(token.CounterfactualText)));
        return $"""
            {Pair}
            How much of the difference the clean {HeadParts.NameOf(Part)} of one head bring back in that run, at {tokens}, 0 as without them, 1 as in the clean run:

            {Normalized().Draw(2)}
            """.ReplaceLineEndings("\n");
    }
}
