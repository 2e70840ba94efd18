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
    /// <exception cref="PromptException">A prompt is empty or longer than the model reads; the prompts have different numbers of tokens
    /// and no subjects to align them by, or differ around the subjects; an answer is not one token, or the same for both.</exception>
    /// <exception cref="LayoutException">The model's layout has no place for the kind of states.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public ActivationPatch Patch(
        string cleanPrompt, string counterfactualPrompt, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        PatchKinds(cleanPrompt, counterfactualPrompt, [(options ?? new()).Kind], options, progress, cancellation)[0];

    /// <summary>Patches states of several kinds, from the same two runs.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for.</param>
    /// <param name="counterfactualPrompt">One like it with another answer.</param>
    /// <param name="kinds">The kinds of states, each in its turn; <see cref="PatchOptions.Kind"/> does not count.</param>
    /// <param name="options">How many layers are patched together, the answers, and how the prompts are aligned.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The logit differences of each kind.</returns>
    /// <inheritdoc cref="Patch" path="/exception"/>
    public IReadOnlyList<ActivationPatch> PatchKinds(
        string cleanPrompt, string counterfactualPrompt, IReadOnlyList<StateKind> kinds, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        LaidOutModel model = _model.Parts;
        LayerWindow[] windows = [.. kinds.Select(kind => LayerWindow.Of(model.Layout, kind, options.Window))];
        EvalMode.Require(model.Module);
        var prompts = PromptAlignment.Of(_model.Tokenizer, cleanPrompt, counterfactualPrompt, options);

        using IDisposable _ = no_grad();
        using IDisposable? stop = model.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        var clean = RecordedStates.Of(model, kinds, model.Prompt(prompts.Clean));
        var counterfactual = RecordedStates.Of(model, kinds, model.Prompt(prompts.Counterfactual));
        (int cleanAnswer, int counterfactualAnswer) =
            (Answer(options.CleanAnswer, cleanPrompt, prompts.Clean, clean), Answer(options.CounterfactualAnswer, counterfactualPrompt, prompts.Counterfactual, counterfactual));
        if (cleanAnswer == counterfactualAnswer)
        {
            throw new PromptException(
                $"Both prompts have the answer \"{_model.Tokenizer.TextOf(cleanAnswer)}\": there is no logit difference. Choose prompts whose answers differ, or say which answers to compare.");
        }

        Tensor Measure(Tensor logits) =>
            (logits.select(-1, cleanAnswer) - logits.select(-1, counterfactualAnswer)).to(ScalarType.Float64).mean([-1]);
        double Difference(RecordedStates states) => Measure(states.Logits.unsqueeze(0)).item<double>();
        double Probability(RecordedStates states, int answer) => states.Logits[0].to(ScalarType.Float64).softmax(-1)[answer].item<double>();
        (double cleanDifference, double counterfactualDifference) = (Difference(clean), Difference(counterfactual));
        (double cleanProbability, double counterfactualProbability) = (Probability(clean, cleanAnswer), Probability(counterfactual, counterfactualAnswer));
        int[] positions = [.. prompts.Pairs.Select(token => token.CounterfactualPosition)];
        RecordedStates source = Rearrange(clean, prompts);
        return [.. windows.Select((window, i) => new ActivationPatch
        {
            CleanPrompt = cleanPrompt,
            CounterfactualPrompt = counterfactualPrompt,
            CleanTokenIds = prompts.Clean,
            CounterfactualTokenIds = prompts.Counterfactual,
            Kind = window.Kind,
            Window = window.Width,
            Tokens = prompts.Pairs,
            CleanAnswerId = cleanAnswer,
            CounterfactualAnswerId = counterfactualAnswer,
            CleanAnswer = _model.Tokenizer.TextOf(cleanAnswer),
            CounterfactualAnswer = _model.Tokenizer.TextOf(counterfactualAnswer),
            CleanProbability = cleanProbability,
            CounterfactualProbability = counterfactualProbability,
            CleanLogitDifference = cleanDifference,
            CounterfactualLogitDifference = counterfactualDifference,
            LogitDifferences = new StateSweep(model, window).Run(
                counterfactual, source, positions, Measure, ProgressPart.Of(progress, i, windows.Length), cancellation),
        })];
    }

    private int Answer(string? given, string prompt, IReadOnlyList<int> tokens, RecordedStates states) =>
        given is null ? (int)states.Logits.argmax(-1).item<long>() : _model.Tokenizer.SingleToken(prompt, tokens, given);

    /// <summary>The clean states at the positions of the tokens that they are put in place of.</summary>
    private static RecordedStates Rearrange(RecordedStates clean, PromptAlignment prompts)
    {
        // Positions that are not patched get any states; they are not read.
        long[] source = new long[prompts.Counterfactual.Count];
        foreach (PatchedToken token in prompts.Pairs)
            source[token.CounterfactualPosition] = token.CleanPosition;
        return clean.Tokens(tensor(source).to(clean.Logits.device));
    }
}
