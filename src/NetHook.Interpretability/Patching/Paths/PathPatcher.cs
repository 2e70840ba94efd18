using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Path patching (Wang et al. 2022, "Interpretability in the Wild", section 3.1 and appendix B): what one part of a model says to another
/// directly. The model runs on a counterfactual prompt, and the receiver alone gets what it would get if the sender were as on the
/// clean prompt and every other attention head as it was.
/// </summary>
/// <remarks>
/// <para>In a first pass the sender is as in the clean run, and all other heads are held as they were in the counterfactual one; MLPs are computed
/// anew (or held, by <see cref="PathOptions.FreezeMlps"/>). What the receiver is given there is put into a second pass, in which
/// everything else is computed. If the receiver is the logits, the first pass gives them.</para>
/// <para>Cost: two passes to record, one from the sender's layer on, and one from the receiver's. The model is not changed: the
/// interventions are traces, seen by the calling flow alone. The model must be in evaluation mode. It is not disposed with the patcher,
/// which holds nothing.</para>
/// </remarks>
/// <example><code>
/// PathPatch path = new PathPatcher(model).Patch(clean, counterfactual, PathNode.OfHead(1, 2), PathNode.OfHead(4, 0, HeadPart.Query));
/// </code></example>
public sealed class PathPatcher
{
    private readonly LanguageModel _model;

    /// <summary>Makes a patcher.</summary>
    /// <param name="model">The model.</param>
    public PathPatcher(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Patches the path from one part to another.</summary>
    /// <param name="cleanPrompt">The prompt whose answer is looked for.</param>
    /// <param name="counterfactualPrompt">One like it with another answer.</param>
    /// <param name="sender">The output of a head or of an MLP.</param>
    /// <param name="receiver">The queries, keys or values of a later head, the input of an MLP behind the sender, or the logits.</param>
    /// <param name="options">The parts that count as the path, the answers, and how the prompts are aligned.</param>
    /// <param name="cancellation">Ends the work, at the next block.</param>
    /// <returns>The logit difference.</returns>
    /// <exception cref="OptionException">The sender or the receiver does not exist, is no such part, or the receiver is not behind the sender.</exception>
    /// <inheritdoc cref="HeadPatcher.Patch" path="/exception[@cref!='T:NetHook.Interpretability.OptionException']"/>
    public PathPatch Patch(
        string cleanPrompt, string counterfactualPrompt, PathNode sender, PathNode receiver, PathOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sender);
        ArgumentNullException.ThrowIfNull(receiver);
        options ??= new();
        LaidOutModel model = _model.Parts;
        PathEnds.Check(model, sender, receiver);
        HeadPart[] parts = [HeadPart.Output, .. receiver.Head is null ? [] : (HeadPart[])[receiver.Part]];
        var prompts = HeadPrompts.Of(_model, cleanPrompt, counterfactualPrompt, parts, options.Prompts);

        using IDisposable _ = no_grad();
        using IDisposable? stop = model.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        string[] mlps = options.FreezeMlps || sender.Head is null ? RecordedStates.Paths(model.Layout, StateKind.Mlp) : [];
        (HeadRun counterfactual, Tensor[] held) = Record(prompts.Tokens.Counterfactual, parts, mlps);

        // How many heads a model of one's own has is known once it ran: its layout does not say.
        PathEnds.CheckHead(sender, "Sender", counterfactual);
        PathEnds.CheckHead(receiver, "Receiver", counterfactual);
        (HeadRun clean, Tensor[] cleanMlps) = Record(prompts.Tokens.Clean, parts, mlps);
        var runs = new HeadRuns(prompts.Measured(clean.States.Logits, counterfactual.States.Logits), counterfactual, prompts.Rearranged(clean));
        Tensor source = sender.Head is null
            ? prompts.Rearrange(cleanMlps[sender.Layer!.Value], 1)
            : runs.Source[HeadPart.Output][sender.Layer!.Value];
        var pass = new PathPass(model, runs, sender, receiver, source, prompts.Tokens.Pairs);
        return new() { Pair = runs.Pair, Sender = sender, Receiver = receiver, LogitDifference = pass.Run(options.FreezeMlps ? held : []) };
    }

    private (HeadRun Run, Tensor[] Mlps) Record(IReadOnlyList<int> tokens, HeadPart[] parts, string[] mlps)
    {
        LaidOutModel model = _model.Parts;
        using TraceDict? traces = mlps.Length == 0 ? null : new(model.Module, mlps, new() { Scope = TraceScope.CurrentFlow });
        var run = HeadRun.Of(model, parts, model.Ids(tokens));
        return (run, [.. mlps.Select(path => traces![path].Output)]);
    }
}
