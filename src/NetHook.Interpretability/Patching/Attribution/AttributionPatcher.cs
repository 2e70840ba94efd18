using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Attribution patching (Nanda 2023, "Attribution Patching: Activation Patching At Industrial Scale") with the corrections of AtP*
/// (Kramár et al. 2024, "AtP*: An efficient and scalable method for localizing LLM behaviour to components"): estimates what
/// <see cref="HeadPatcher.PatchEachToken"/> computes, for every part of every head at every token at once.
/// </summary>
/// <remarks>
/// <para>With the measure m = logit(clean answer) − logit(counterfactual answer), the estimate for a part a of a head is
/// (a(clean) − a) · ∂m/∂a, at the counterfactual run. For queries and keys that would go through the softmax as if it were a line: instead
/// the softmax is computed with the clean query or key, and the estimate is (pattern with it − pattern) · ∂m/∂pattern.</para>
/// <para>With <see cref="AttributionOptions.GradDrop"/>, nodes are ranked by Σ |estimate with the gradient through block ℓ dropped| / (L − 1),
/// summed over the L blocks ℓ: effects through several blocks that cancel each other do not in all of these.</para>
/// <para>Cost: three passes, two forward and one backward, and the exact patches of the strongest. If queries or keys are
/// estimated, the second forward pass has one row more for each of the two. GradDrop takes one backward pass more for each block but the first, each from
/// that block to the first.</para>
/// <para>An estimate can be wrong where the model is not near a line. So the strongest are always patched exactly too, and the result
/// says how well the estimates ranked them. The model is not changed, and its parameters get no gradients; the interventions are traces,
/// seen by the calling flow alone. The model must be in evaluation mode. It is not disposed with the patcher, which holds nothing.</para>
/// </remarks>
/// <example><code>
/// AttributionPatch found = new AttributionPatcher(model).Estimate("The capital of France is", "The capital of Italy is");
/// Console.WriteLine(found);
/// </code></example>
public sealed class AttributionPatcher
{
    private readonly LanguageModel _model;

    /// <summary>Makes a patcher.</summary>
    /// <param name="model">The model.</param>
    public AttributionPatcher(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Estimates all nodes, and patches the strongest exactly.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for, such as "The capital of France is".</param>
    /// <param name="counterfactualPrompt">One like it with another answer, such as "The capital of Italy is".</param>
    /// <param name="options">The parts to estimate, how many are checked, the answers, and how the prompts are aligned.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work, at the next block or pass.</param>
    /// <returns>The nodes, the strongest first.</returns>
    /// <inheritdoc cref="HeadPatcher.Patch" path="/exception"/>
    public AttributionPatch Estimate(
        string cleanPrompt, string counterfactualPrompt, AttributionOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        HeadPart[] parts = [.. options.Parts.Distinct()];
        Check(options, parts);
        LaidOutModel model = _model.Parts;
        var prompts = HeadPrompts.Of(_model, cleanPrompt, counterfactualPrompt, parts, options.Prompts);

        using IDisposable _ = no_grad();
        using IDisposable? stop = model.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        var clean = HeadRun.Of(model, parts, model.Ids(prompts.Tokens.Clean));
        IReadOnlyDictionary<HeadPart, Tensor[]> source = prompts.Rearranged(clean);
        var pass = new AttributionPass(model, prompts.Tokens.Counterfactual, source, options.GradDrop, scope);
        PromptPair pair = prompts.Measured(clean.States.Logits, pass.Run.States.Logits);
        cancellation.ThrowIfCancellationRequested();
        pass.Differentiate(pair.CleanAnswerId, pair.CounterfactualAnswerId, options.GradDrop);
        AttributedNode[] nodes = [.. Estimates(pass, source, pair, options.GradDrop, cancellation).OrderByDescending(node => node.Strength)];
        progress?.Report(0.5);
        int verified = Math.Min(options.Top, nodes.Length);
        Verify(new HeadRuns(pair, pass.Run, source), nodes.AsSpan(0, verified), cancellation);
        progress?.Report(1);
        return new() { Pair = pair, Nodes = nodes, Verified = verified, GradDrop = options.GradDrop };
    }

    private void Check(AttributionOptions options, HeadPart[] parts)
    {
        if (parts.Length == 0)
            throw new OptionException(nameof(options.Parts), parts.Length, "No parts of heads are named: there is nothing to estimate.");
        if (options.Top < 1)
            throw new OptionException(nameof(options.Top), options.Top, "An estimate is nothing without exact values beside it: check one at least.");
        if (parts.Any(part => part is HeadPart.Query or HeadPart.Key))
        {
            foreach (HeadPart needed in (HeadPart[])[HeadPart.Query, HeadPart.Key, HeadPart.Pattern])
                HeadParts.Paths(_model.Layout, needed);
            _model.Layout.AttentionScores(0);
        }
    }

    private static IEnumerable<AttributedNode> Estimates(
        AttributionPass pass, IReadOnlyDictionary<HeadPart, Tensor[]> source, PromptPair pair, bool gradDrop, CancellationToken cancellation)
    {
        int layers = source.Values.First().Length;
        Dictionary<(HeadPart Part, int Layer), double[]> estimates = [], strengths = [];
        IEnumerable<(HeadPart Part, int Layer)> Before(int end) => source.Keys.SelectMany(part => Enumerable.Range(0, end).Select(layer => (part, layer)));
        double[] Read((HeadPart Part, int Layer) at) => [.. pass.Estimate(at.Part, at.Layer).contiguous().cpu().data<double>()];
        foreach ((HeadPart Part, int Layer) at in Before(layers))
            estimates[at] = Read(at);

        // With a block before the node's dropped, the gradient is the same. With the node's own, none is left.
        bool drops = gradDrop && layers > 1;
        foreach (((HeadPart Part, int Layer) at, double[] estimate) in estimates)
            strengths[at] = [.. estimate.Select(value => Math.Abs(value) * (drops ? at.Layer : 1))];
        for (int dropped = 1; drops && dropped < layers; dropped++)
        {
            cancellation.ThrowIfCancellationRequested();
            pass.DifferentiateWithout(dropped);
            foreach ((HeadPart Part, int Layer) at in Before(dropped))
                strengths[at] = [.. strengths[at].Zip(Read(at), (sum, value) => sum + Math.Abs(value))];
        }

        int tokens = pair.CounterfactualTokenIds.Count;
        return from at in estimates.Keys
               from head in Enumerable.Range(0, estimates[at].Length / tokens)
               from token in pair.Tokens
               let place = (head * tokens) + token.CounterfactualPosition
               select new AttributedNode(at.Part, at.Layer, head, token, estimates[at][place], strengths[at][place] / (drops ? layers - 1 : 1), null);
    }

    private void Verify(HeadRuns runs, Span<AttributedNode> nodes, CancellationToken cancellation)
    {
        IEnumerable<IGrouping<(HeadPart Part, int Layer), (int Index, AttributedNode Item)>> places = nodes.ToArray().Index().GroupBy(pair => (pair.Item.Part, pair.Item.Layer));
        foreach (IGrouping<(HeadPart Part, int Layer), (int Index, AttributedNode Item)> group in places)
        {
            IReadOnlyList<double> measured = new HeadSweep(_model.Parts, runs, group.Key.Part).Run(
                group.Key.Layer, [.. group.Select(pair => new HeadChange(pair.Item.Head, [pair.Item.Token.CounterfactualPosition]))], cancellation);
            foreach (((int index, AttributedNode node), double value) in group.Zip(measured))
                nodes[index] = node with { Exact = value - runs.Pair.CounterfactualLogitDifference };
        }
    }
}
