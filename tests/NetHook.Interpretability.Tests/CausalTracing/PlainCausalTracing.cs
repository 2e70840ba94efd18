using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// Causal tracing as the original does it, one restoration and one whole forward pass at a time: what
/// <see cref="CausalTracer"/> is tested and measured against.
/// </summary>
internal static class PlainCausalTracing
{
    public static StateGrid Run(LaidOutModel model, IReadOnlyList<int> tokens, Range subject, Tensor noise, int answer, LayerWindow window, StateKind? sever = null)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var experiment = CorruptedPrompt.Of(model, tokens, subject, noise);
        string[] severed = sever is { } kind ? RecordedStates.Paths(model.Layout, kind) : [];
        Dictionary<string, Tensor> usual = Corrupted(model, experiment, severed);
        return new(tokens.Count, window.Layers, (token, layer) => Restored(model, experiment, usual, answer, window, token, layer));
    }

    /// <summary>What the severed modules give without any restoration.</summary>
    private static Dictionary<string, Tensor> Corrupted(LaidOutModel model, CorruptedPrompt experiment, string[] severed)
    {
        using var corrupt = new Trace(model.Module, model.Layout.Embedding, new() { EditOutput = (Tensor output) => output + experiment.Corruption });
        using var traces = new TraceDict(model.Module, severed.Append(model.Layout.Head), new() { Clone = true });
        model.Module.call(experiment.Tokens);
        return severed.ToDictionary(path => path, path => traces[path].Output);
    }

    private static double Restored(LaidOutModel model, CorruptedPrompt experiment, Dictionary<string, Tensor> severed, int answer, LayerWindow window, int token, int layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor Edit(Tensor output, string path)
        {
            if (path == model.Layout.Embedding)
                return output + experiment.Corruption;
            Tensor restored = output.clone();
            if (severed.TryGetValue(path, out Tensor? usual))
                restored.narrow(0, 1, output.shape[0] - 1).select(1, token).copy_(usual.narrow(0, 1, output.shape[0] - 1).select(1, token));
            else
                restored.select(1, token).copy_(output[0, token]);
            return restored;
        }

        (int from, int to) = window.Around(layer);
        using var edits = new TraceDict(
            model.Module,
            [model.Layout.Embedding, .. RecordedStates.Paths(model.Layout, window.Kind)[from..to], .. severed.Keys],
            new() { RetainOutput = false, EditOutput = Edit });
        Tensor logits = model.Module.call(experiment.Tokens);
        return logits.narrow(0, 1, logits.shape[0] - 1).select(1, -1).softmax(-1).select(-1, answer).mean().item<float>();
    }
}
