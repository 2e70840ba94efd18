using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Activation patching between two prompts (Vig et al. 2020; Wang et al. 2022): the model runs on a counterfactual prompt,
/// with the states of one token at a few layers as they were on the clean prompt. To go the other way, from clean to
/// counterfactual, swap the prompts.
/// </summary>
/// <remarks>
/// The model is not changed: the interventions are traces, seen by the calling flow alone, so that others may use the model
/// meanwhile. The model must be in evaluation mode. It is not disposed with the patcher, which holds nothing.
/// </remarks>
public sealed class ActivationPatcher
{
    private readonly LanguageModel _model;

    /// <summary>Makes a patcher.</summary>
    /// <param name="model">The model.</param>
    public ActivationPatcher(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Patches states of the clean run into the counterfactual one, at every token and layer.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for, such as "The capital of France is".</param>
    /// <param name="counterfactualPrompt">One like it with another answer, such as "The capital of Italy is".</param>
    /// <param name="options">What is patched, the answers, and how the prompts are aligned.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The logit differences by token and layer.</returns>
    /// <exception cref="ArgumentException">A prompt is empty or longer than the model reads; the prompts have different numbers of tokens
    /// and no subjects to align them by, or differ around the subjects; an answer is not one token, or the same for both.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public ActivationPatch Patch(
        string cleanPrompt, string counterfactualPrompt, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var window = LayerWindow.Of(_model.Model, options.Kind, options.Window);
        Evaluation.Require(_model.Model);
        IReadOnlyList<PatchedToken> tokens = PromptAlignment.Align(_model.Tokenizer, cleanPrompt, counterfactualPrompt, options);

        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        RecordedStates Record(string prompt) => RecordedStates.Of(_model.Model, window, _model.Tokens(prompt));
        RecordedStates clean = Record(cleanPrompt), counterfactual = Record(counterfactualPrompt);
        (int cleanAnswer, int counterfactualAnswer) =
            (Answer(options.CleanAnswer, clean), Answer(options.CounterfactualAnswer, counterfactual));
        if (cleanAnswer == counterfactualAnswer)
        {
            throw new ArgumentException(
                $"Both prompts have the answer \"{_model.Tokenizer.TextOf(cleanAnswer)}\": there is no logit difference. Choose prompts whose answers differ, or say which answers to compare.");
        }

        Tensor Measure(Tensor logits) =>
            (logits.select(-1, cleanAnswer) - logits.select(-1, counterfactualAnswer)).to(ScalarType.Float64).mean([-1]);
        double Difference(RecordedStates states) => Measure(states.Logits.unsqueeze(0)).item<double>();
        int[] positions = [.. tokens.Select(token => token.CounterfactualPosition)];
        StateGrid patched = new StateSweep(_model.Model, window).Run(
            counterfactual, Rearrange(clean, tokens, counterfactual), positions, Measure, progress, cancellation);
        return new ActivationPatch
        {
            Kind = window.Kind,
            Window = window.Width,
            Tokens = tokens,
            CleanAnswer = _model.Tokenizer.TextOf(cleanAnswer),
            CounterfactualAnswer = _model.Tokenizer.TextOf(counterfactualAnswer),
            CleanLogitDifference = Difference(clean),
            CounterfactualLogitDifference = Difference(counterfactual),
            LogitDifferences = patched,
        };
    }

    private int Answer(string? given, RecordedStates states)
    {
        if (given is null)
            return (int)states.Logits.argmax(-1).item<long>();
        IReadOnlyList<int> ids = _model.Tokenizer.Encode(given, addSpecialTokens: false);
        return ids.Count == 1 ? ids[0] : throw new ArgumentException(
            $"The answer \"{given}\" is {ids.Count} tokens ({string.Join(", ", ids.Select(id => $"\"{_model.Tokenizer.TextOf(id)}\""))}); the logit difference compares single ones. "
            + (ids.Count == 0 ? "Give a token." : "Give the first, and mind the space before a word."));
    }

    /// <summary>The clean states at the positions of the tokens that they are put in place of.</summary>
    private static RecordedStates Rearrange(RecordedStates clean, IReadOnlyList<PatchedToken> tokens, RecordedStates counterfactual)
    {
        // Positions that are not patched get any states; they are not read.
        long[] source = new long[counterfactual.Entering[0].shape[1]];
        foreach (PatchedToken token in tokens)
            source[token.CounterfactualPosition] = token.CleanPosition;
        return clean.Tokens(tensor(source).to(clean.Logits.device));
    }
}
