using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>The clean and the counterfactual run of an experiment on heads, and its measure. The tensors belong to the dispose scope around.</summary>
/// <param name="Pair">What is compared.</param>
/// <param name="Run">The counterfactual run, which is changed.</param>
/// <param name="Source">The parts of the clean run, each at the position of the token that it is put in place of.</param>
internal sealed record HeadRuns(PromptPair Pair, HeadRun Run, IReadOnlyDictionary<HeadPart, Tensor[]> Source)
{
    /// <summary>Checks what was asked, and runs the model twice.</summary>
    public static HeadRuns Of(LanguageModel language, string cleanPrompt, string counterfactualPrompt, IReadOnlyList<HeadPart> parts, PatchOptions options)
    {
        LaidOutModel model = language.Parts;
        var prompts = HeadPrompts.Of(language, cleanPrompt, counterfactualPrompt, parts, options);
        return Of(language, prompts, parts, HeadRun.Of(model, parts, model.Ids(prompts.Tokens.Counterfactual)));
    }

    /// <summary>Runs the model on the clean prompt.</summary>
    public static HeadRuns Of(LanguageModel language, HeadPrompts prompts, IReadOnlyList<HeadPart> parts, HeadRun counterfactual)
    {
        LaidOutModel model = language.Parts;
        var clean = HeadRun.Of(model, parts, model.Ids(prompts.Tokens.Clean));
        return new(prompts.Measured(clean.States.Logits, counterfactual.States.Logits), counterfactual, prompts.Rearranged(clean));
    }

    /// <summary>The logit difference of each row, <c>[rows]</c> Float64, of logits <c>[rows, ..., vocabulary]</c>.</summary>
    public Tensor Measure(Tensor logits) => HeadPrompts.Difference(logits, Pair.CleanAnswerId, Pair.CounterfactualAnswerId);
}
