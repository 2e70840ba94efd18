using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Activation patching by attention head (Wang et al. 2022, "Interpretability in the Wild", section 3; Zhang and Nanda 2024): the model
/// runs on a counterfactual prompt with one part of one head, its outputs, queries, keys, values or pattern, as it was on the clean
/// prompt.
/// </summary>
/// <remarks>
/// <para>The measure is m = logit(clean answer) − logit(counterfactual answer) behind the last token. For a part a of a head, the grid holds
/// m(counterfactual prompt, a ← a of the clean prompt).</para>
/// <para>Cost: two passes, and for each layer one more of as many rows as there are heads, which starts at that layer.</para>
/// <para>If several heads of queries share a head of keys and values, <see cref="HeadPart.Key"/> and <see cref="HeadPart.Value"/> patch
/// what one head of queries reads, and leave the other heads of its group as they are. Queries and keys are patched as they meet, behind
/// the rotation by their positions.</para>
/// <para>The model is not changed: the interventions are traces, seen by the calling flow alone, so that others may use the model
/// meanwhile. The model must be in evaluation mode. It is not disposed with the patcher, which holds nothing.</para>
/// </remarks>
public sealed class HeadPatcher
{
    private readonly LanguageModel _model;

    /// <summary>Makes a patcher.</summary>
    /// <param name="model">The model.</param>
    public HeadPatcher(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Patches a part of each head, at all tokens that the prompts share, one head at a time.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for, such as "The capital of France is".</param>
    /// <param name="counterfactualPrompt">One like it with another answer, such as "The capital of Italy is".</param>
    /// <param name="part">The part that is patched.</param>
    /// <param name="options">The answers, and how the prompts are aligned; <see cref="PatchOptions.Kind"/> and <see cref="PatchOptions.Window"/> do not count.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The logit differences by layer and head.</returns>
    /// <exception cref="PromptException">A prompt is empty or longer than the model reads; the prompts have different numbers of tokens and
    /// no subjects to align them by, or differ around the subjects, or are to give patterns; an answer is not one token, or the same for
    /// both.</exception>
    /// <exception cref="LayoutException">The model's layout has no place for the part, or the layer there does not give one tensor by head.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OptionException">The part is none.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public HeadPatch Patch(
        string cleanPrompt, string counterfactualPrompt, HeadPart part = HeadPart.Output, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        PatchParts(cleanPrompt, counterfactualPrompt, [part], options, progress, cancellation)[0];

    /// <summary>Patches several parts, from the same two runs.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for.</param>
    /// <param name="counterfactualPrompt">One like it with another answer.</param>
    /// <param name="parts">The parts, each in its turn.</param>
    /// <param name="options">The answers, and how the prompts are aligned.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The logit differences of each part.</returns>
    /// <inheritdoc cref="Patch" path="/exception"/>
    public IReadOnlyList<HeadPatch> PatchParts(
        string cleanPrompt, string counterfactualPrompt, IReadOnlyList<HeadPart> parts, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Run(cleanPrompt, counterfactualPrompt, parts, options, pair => [pair.Tokens], progress, cancellation);

    /// <summary>Patches a part of each head at one token at a time.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for.</param>
    /// <param name="counterfactualPrompt">One like it with another answer.</param>
    /// <param name="part">The part that is patched.</param>
    /// <param name="options">The answers, and how the prompts are aligned.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The logit differences for each token, in the order of <see cref="PromptPair.Tokens"/>.</returns>
    /// <remarks>As many rows for each layer as heads times tokens: <see cref="AttributionPatcher"/> estimates the same in three passes.</remarks>
    /// <inheritdoc cref="Patch" path="/exception"/>
    public IReadOnlyList<HeadPatch> PatchEachToken(
        string cleanPrompt, string counterfactualPrompt, HeadPart part = HeadPart.Output, PatchOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Run(cleanPrompt, counterfactualPrompt, [part], options, pair => [.. pair.Tokens.Select(token => (IReadOnlyList<PatchedToken>)[token])], progress, cancellation);

    private List<HeadPatch> Run(
        string cleanPrompt, string counterfactualPrompt, IReadOnlyList<HeadPart> parts, PatchOptions? options,
        Func<PromptPair, IReadOnlyList<IReadOnlyList<PatchedToken>>> together, IProgress<double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parts);
        LaidOutModel model = _model.Parts;
        using IDisposable _ = no_grad();
        using IDisposable? stop = model.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        var runs = HeadRuns.Of(_model, cleanPrompt, counterfactualPrompt, parts, options ?? new());
        IReadOnlyList<IReadOnlyList<PatchedToken>> groups = together(runs.Pair);
        List<HeadPatch> patches = [];
        for (int i = 0; i < parts.Count; i++)
            patches.AddRange(Sweep(runs, parts[i], groups, ProgressPart.Of(progress, i, parts.Count), cancellation));
        return patches;
    }

    private IEnumerable<HeadPatch> Sweep(
        HeadRuns runs, HeadPart part, IReadOnlyList<IReadOnlyList<PatchedToken>> groups, IProgress<double>? progress, CancellationToken cancellation)
    {
        var sweep = new HeadSweep(_model.Parts, runs, part);
        int layers = runs.Source[part].Length, heads = (int)runs.Source[part][0].shape[1];
        HeadChange[] changes =
        [
            .. from tokens in groups
               from head in Enumerable.Range(0, heads)
               select new HeadChange(head, [.. tokens.Select(token => token.CounterfactualPosition)]),
        ];
        var measured = new IReadOnlyList<double>[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            measured[layer] = sweep.Run(layer, changes, cancellation);
            progress?.Report((layer + 1.0) / layers);
        }

        return groups.Select((tokens, group) => new HeadPatch
        {
            Pair = runs.Pair,
            Part = part,
            Patched = tokens,
            LogitDifferences = new(layers, heads, (layer, head) => measured[layer][(group * heads) + head]),
        });
    }
}
