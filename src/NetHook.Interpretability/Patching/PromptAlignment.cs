namespace NetHook.Interpretability;

/// <summary>Two prompts, and which token of the counterfactual one stands for which of the clean one.</summary>
internal sealed record PromptAlignment(IReadOnlyList<int> Clean, IReadOnlyList<int> Counterfactual, IReadOnlyList<PatchedToken> Pairs)
{
    public static PromptAlignment Of(Tokenizer tokenizer, string cleanPrompt, string counterfactualPrompt, PatchOptions options)
    {
        if (options.CleanSubject is null != options.CounterfactualSubject is null)
            throw new PromptException("Only one of the two subjects is given. Prompts are aligned by both, or by none.");
        (IReadOnlyList<int> clean, Range? subject) = Encode(tokenizer, cleanPrompt, options.CleanSubject, options.CleanOccurrence);
        (IReadOnlyList<int> counterfactual, Range? other) = Encode(tokenizer, counterfactualPrompt, options.CounterfactualSubject, options.CounterfactualOccurrence);
        return new(clean, counterfactual, [.. Positions(clean.Count, counterfactual.Count, subject, other)
            .Select(pair => new PatchedToken(pair.Clean, pair.Counterfactual, tokenizer.TextOf(clean[pair.Clean]), tokenizer.TextOf(counterfactual[pair.Counterfactual])))]);
    }

    private static (IReadOnlyList<int> Ids, Range? Subject) Encode(Tokenizer tokenizer, string prompt, string? subject, int? occurrence)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Length == 0)
            throw new PromptException("A prompt is empty. Give two prompts with different answers.");
        return subject is null ? (tokenizer.Encode(prompt), null) : tokenizer.EncodeWithPart(prompt, SubjectPlace.Find(prompt, subject, occurrence));
    }

    private static IEnumerable<(int Clean, int Counterfactual)> Positions(int clean, int counterfactual, Range? subject, Range? other)
    {
        if (subject is null || other is null)
        {
            return clean == counterfactual ? Enumerable.Range(0, clean).Select(i => (i, i)) : throw new PromptException(
                $"The clean prompt has {clean} tokens and the counterfactual one {counterfactual}. "
                + "Choose prompts of the same number of tokens, or give both subjects to align them by.");
        }

        int before = subject.Value.Start.Value, behind = clean - subject.Value.End.Value;
        int otherBefore = other.Value.Start.Value, otherBehind = counterfactual - other.Value.End.Value;
        if (before != otherBefore || behind != otherBehind)
        {
            throw new PromptException(
                $"Around the subject the clean prompt has {before} tokens before and {behind} behind, the counterfactual one {otherBefore} and {otherBehind}. "
                + "Choose prompts that differ in the subject only.");
        }

        // Counted from the end; of the longer subject, the first tokens stand for nothing.
        int aligned = behind + Math.Min(clean - before - behind, counterfactual - before - behind);
        return Enumerable.Range(0, before).Select(i => (i, i))
            .Concat(Enumerable.Range(0, aligned).Select(i => (clean - aligned + i, counterfactual - aligned + i)));
    }
}
