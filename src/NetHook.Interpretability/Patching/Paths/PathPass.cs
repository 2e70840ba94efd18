using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>The two passes of path patching.</summary>
/// <param name="model">The model.</param>
/// <param name="runs">The recorded runs.</param>
/// <param name="sender">Where the path begins.</param>
/// <param name="receiver">Where it ends.</param>
/// <param name="source">What the sender gave in the clean run, at the positions of the counterfactual one.</param>
/// <param name="tokens">The positions that are patched.</param>
internal sealed class PathPass(LaidOutModel model, HeadRuns runs, PathNode sender, PathNode receiver, Tensor source, IReadOnlyList<PatchedToken> tokens)
{
    /// <summary>Runs them.</summary>
    /// <param name="heldMlps">What all MLPs gave in the counterfactual run, if they are to stay so.</param>
    /// <returns>The logit difference.</returns>
    public double Run(Tensor[] heldMlps)
    {
        int from = sender.Layer!.Value, layers = model.Layout.Layers;
        Dictionary<string, TraceOptions> edits = [];
        for (int layer = from; layer < layers; layer++)
        {
            Tensor held = runs.Run.Parts[HeadPart.Output][layer];
            if (layer == from && sender.Head is { } head)
                held = where(AtHead(head, held), source, held);
            edits[model.Layout.HeadOutputs(layer)] = LaidOutModel.Quietly(output: (Tensor _) => held);
            if (heldMlps.Length > 0)
                edits[model.Layout.Mlp(layer)] = Held(heldMlps[layer]);
        }

        if (sender.Head is null)
            edits[model.Layout.Mlp(from)] = LaidOutModel.Quietly(output: (Tensor output) => where(AtTokens(output), source, output));
        Tensor? received = null;
        double direct;
        using (new TraceDict(model.Module, edits))
        {
            using Trace? listen = receiver.Layer is null ? null : new(model.Module, ReceivingPath, new()
            {
                RetainInput = receiver.Head is null,
                RetainOutput = receiver.Head is not null,
                Scope = TraceScope.CurrentFlow,
            });
            direct = Measure(from);
            received = listen is null ? null : receiver.Head is null ? listen.Input : listen.Output;
        }

        if (received is null)
            return direct;
        using var speak = new Trace(model.Module, ReceivingPath, receiver.Head is { } receiving
            ? LaidOutModel.Quietly(output: (Tensor output) => where(AtHead(receiving, output), received, output))
            : LaidOutModel.Quietly(input: (Tensor _) => received));
        return Measure(receiver.Layer!.Value);
    }

    private string ReceivingPath => receiver.Head is null
        ? model.Layout.Mlp(receiver.Layer!.Value)
        : HeadParts.Path(model.Layout, receiver.Part, receiver.Layer!.Value);

    private static TraceOptions Held(Tensor held) => LaidOutModel.Quietly(output: (Tensor _) => held);

    private double Measure(int layer)
    {
        RecordedStates run = runs.Run.States;
        return runs.Measure(model.LogitsFrom(layer, run.ResidualPre[layer], run.Ids, all => all.narrow(1, -1, 1))).item<double>();
    }

    /// <summary>Bool <c>[1, heads, tokens, 1]</c>: the head, at the positions that are patched.</summary>
    private Tensor AtHead(int head, Tensor states)
    {
        (long heads, long length) = (states.shape[1], states.shape[2]);
        bool[] mask = new bool[heads * length];
        foreach (PatchedToken token in tokens)
            mask[(head * length) + token.CounterfactualPosition] = true;
        return tensor(mask, [1, heads, length, 1]).to(states.device);
    }

    /// <summary>Bool <c>[1, tokens, 1]</c>.</summary>
    private Tensor AtTokens(Tensor states)
    {
        bool[] mask = new bool[states.shape[1]];
        foreach (PatchedToken token in tokens)
            mask[token.CounterfactualPosition] = true;
        return tensor(mask, [1, mask.Length, 1]).to(states.device);
    }
}
