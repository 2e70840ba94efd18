namespace NetHook.Interpretability;

/// <summary>Which token of a counterfactual prompt stands for which of a clean one.</summary>
internal static class PromptAlignment
{
    public static IReadOnlyList<PatchedToken> Align(Tokenizer tokenizer, string cleanPrompt, string counterfactualPrompt, PatchOptions options)
    {
        string[] clean = Texts(tokenizer, cleanPrompt), counterfactual = Texts(tokenizer, counterfactualPrompt);
        PatchedToken Pair(int at, int other) => new(at, other, clean[at], counterfactual[other]);

        if (options.CleanSubject is null != options.CounterfactualSubject is null)
            throw new ArgumentException("Only one of the two subjects is given. Prompts are aligned by both, or by none.");
        if (options.CleanSubject is null || options.CounterfactualSubject is null)
        {
            return clean.Length == counterfactual.Length ? [.. clean.Select((_, i) => Pair(i, i))] : throw new ArgumentException(
                $"The clean prompt has {clean.Length} tokens and the counterfactual one {counterfactual.Length}. "
                + "Choose prompts of the same number of tokens, or give both subjects to align them by.");
        }

        Range subject = tokenizer.TokenRange(cleanPrompt, options.CleanSubject);
        Range other = tokenizer.TokenRange(counterfactualPrompt, options.CounterfactualSubject);
        int before = subject.Start.Value, behind = clean.Length - subject.End.Value;
        int otherBehind = counterfactual.Length - other.End.Value;
        if (before != other.Start.Value || behind != otherBehind)
        {
            throw new ArgumentException(
                $"Around the subject the clean prompt has {before} tokens before and {behind} behind, the counterfactual one {other.Start.Value} and {otherBehind}. "
                + "Choose prompts that differ in the subject only.");
        }

        // Counted from the end; of the longer subject, the first tokens stand for nothing.
        int aligned = behind + Math.Min(clean.Length - before - behind, counterfactual.Length - before - behind);
        return
        [
            .. Enumerable.Range(0, before).Select(i => Pair(i, i)),
            .. Enumerable.Range(0, aligned).Select(i => Pair(clean.Length - aligned + i, counterfactual.Length - aligned + i)),
        ];
    }

    private static string[] Texts(Tokenizer tokenizer, string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt.Length > 0 ? [.. tokenizer.Encode(prompt).Select(tokenizer.TextOf)] : throw new ArgumentException("A prompt is empty. Give two prompts with different answers.");
    }
}
