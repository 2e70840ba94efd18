using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// Causal tracing as the original does it, one restoration and one whole forward pass at a time: what
/// <see cref="CausalTracer"/> is tested and measured against.
/// </summary>
internal static class PlainCausalTracing
{
    public static StateGrid Run(LaidOutModel model, IReadOnlyList<int> tokens, Range subject, Tensor noise, int answer, LayerWindow window)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var experiment = CorruptedPrompt.Of(model, tokens, subject, noise);
        return new(tokens.Count, window.Layers, (token, layer) => Restored(model, experiment, answer, window, token, layer));
    }

    private static double Restored(LaidOutModel model, CorruptedPrompt experiment, int answer, LayerWindow window, int token, int layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor Edit(Tensor output, string path)
        {
            if (path == model.Layout.Embedding)
                return output + experiment.Corruption;
            Tensor restored = output.clone();
            restored.select(1, token).copy_(output[0, token]);
            return restored;
        }

        (int from, int to) = window.Around(layer);
        using var edits = new TraceDict(
            model.Module,
            [model.Layout.Embedding, .. RecordedStates.Paths(model.Layout, window.Kind)[from..to]],
            new() { RetainOutput = false, EditOutput = Edit });
        Tensor logits = model.Module.call(experiment.Tokens);
        return logits.narrow(0, 1, logits.shape[0] - 1).select(1, -1).softmax(-1).select(-1, answer).mean().item<float>();
    }
}
