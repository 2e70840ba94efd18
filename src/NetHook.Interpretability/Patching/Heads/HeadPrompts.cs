using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Two prompts and their answers, checked before the first pass.</summary>
internal sealed record HeadPrompts(Tokenizer Tokenizer, string Clean, string Counterfactual, PromptAlignment Tokens, int? CleanAnswer, int? CounterfactualAnswer)
{
    /// <summary>Checks what was asked. Runs nothing.</summary>
    public static HeadPrompts Of(LanguageModel language, string cleanPrompt, string counterfactualPrompt, IReadOnlyList<HeadPart> parts, PatchOptions options)
    {
        LaidOutModel model = language.Parts;
        foreach (HeadPart part in parts)
            HeadParts.Paths(model.Layout, part);
        EvalMode.Require(model.Module);
        Tokenizer tokenizer = language.Tokenizer;
        var tokens = PromptAlignment.Of(tokenizer, cleanPrompt, counterfactualPrompt, options);
        model.Check([tokens.Clean, tokens.Counterfactual]);
        if (parts.Contains(HeadPart.Pattern) && tokens.Clean.Count != tokens.Counterfactual.Count)
        {
            throw new PromptException(
                $"The clean prompt has {tokens.Clean.Count} tokens and the counterfactual one {tokens.Counterfactual.Count}: a pattern of the one says nothing about some tokens of the other. Choose prompts of the same number of tokens.");
        }

        int? Given(string? answer, string prompt, IReadOnlyList<int> ids) => answer is null ? null : tokenizer.SingleToken(prompt, ids, answer);
        var prompts = new HeadPrompts(
            tokenizer, cleanPrompt, counterfactualPrompt, tokens,
            Given(options.CleanAnswer, cleanPrompt, tokens.Clean), Given(options.CounterfactualAnswer, counterfactualPrompt, tokens.Counterfactual));
        if (prompts.CleanAnswer is { } answer && answer == prompts.CounterfactualAnswer)
            throw SameAnswer(tokenizer, answer);
        return prompts;
    }

    /// <summary>The logit difference of each row, <c>[rows]</c> Float64, of logits <c>[rows, ..., vocabulary]</c>.</summary>
    public static Tensor Difference(Tensor logits, int answer, int other) =>
        (logits.select(-1, answer) - logits.select(-1, other)).to(ScalarType.Float64).flatten();

    /// <summary>What is compared, once both runs are done.</summary>
    /// <param name="clean">The logits behind the clean prompt's last token, <c>[1, vocabulary]</c>.</param>
    /// <param name="counterfactual">Those behind the counterfactual prompt's.</param>
    /// <exception cref="PromptException">The answers are the same.</exception>
    public PromptPair Measured(Tensor clean, Tensor counterfactual)
    {
        int answer = CleanAnswer ?? (int)clean.argmax(-1).item<long>(), other = CounterfactualAnswer ?? (int)counterfactual.argmax(-1).item<long>();
        if (answer == other)
            throw SameAnswer(Tokenizer, answer);
        return new()
        {
            CleanPrompt = Clean,
            CounterfactualPrompt = Counterfactual,
            CleanTokenIds = Tokens.Clean,
            CounterfactualTokenIds = Tokens.Counterfactual,
            Tokens = Tokens.Pairs,
            CleanAnswerId = answer,
            CounterfactualAnswerId = other,
            CleanAnswer = Tokenizer.TextOf(answer),
            CounterfactualAnswer = Tokenizer.TextOf(other),
            CleanLogitDifference = Difference(clean, answer, other).item<double>(),
            CounterfactualLogitDifference = Difference(counterfactual, answer, other).item<double>(),
        };
    }

    /// <summary>The clean parts at the positions of the tokens that they are put in place of.</summary>
    public IReadOnlyDictionary<HeadPart, Tensor[]> Rearranged(HeadRun clean) =>
        clean.Parts.ToDictionary(pair => pair.Key, pair => pair.Value.Select(states => Rearrange(states, 2)).ToArray());

    /// <summary>Clean states at the positions of the tokens that they are put in place of.</summary>
    public Tensor Rearrange(Tensor states, int dimension)
    {
        // Positions that are not patched get any states; they are not read.
        long[] positions = new long[Tokens.Counterfactual.Count];
        foreach (PatchedToken token in Tokens.Pairs)
            positions[token.CounterfactualPosition] = token.CleanPosition;
        return states.index_select(dimension, tensor(positions).to(states.device));
    }

    private static PromptException SameAnswer(Tokenizer tokenizer, int answer) => new(
        $"Both prompts have the answer \"{tokenizer.TextOf(answer)}\": there is no logit difference. Choose prompts whose answers differ, or say which answers to compare.");
}
