using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>What a layer gives at the last tokens of prompts, which run in batches that end at the layer.</summary>
internal static class SteeringPrompts
{
    // Larger batches gain nothing on a CPU, and cost memory.
    public const int BatchSize = 16;

    /// <summary>Runs prompts.</summary>
    /// <returns>Float32 <c>[prompts, features]</c> on the CPU, in the current dispose scope.</returns>
    /// <exception cref="PromptException">A prompt is longer than the model reads.</exception>
    /// <exception cref="ArgumentException">The layer does not give <c>[prompts, tokens, features]</c>.</exception>
    public static Tensor LastStates(LanguageModel model, IReadOnlyList<TokenBatch> batches, string layer, IProgress<double>? progress, CancellationToken cancellation)
    {
        using IDisposable _ = no_grad();
        using IDisposable? heed = model.Parts.StopOn(cancellation);
        using var trace = new Trace(model.Model, layer, new() { Stop = true, Scope = TraceScope.CurrentFlow });
        List<Tensor> found = [];
        foreach ((int index, TokenBatch batch) in batches.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            trace.Run(() => model.Parts.Logits(batch));
            Tensor states = trace.Output;
            if (states.dim() != 3 || states.shape[0] != batch.Count || states.shape[1] != batch.Length)
                throw new ArgumentException($"'{layer}' gives [{string.Join(", ", states.shape)}] for a batch of [{batch.Count}, {batch.Length}]: steering needs a layer that gives [prompts, tokens, features].", nameof(layer));
            Tensor ends = tensor(batch.Ends).to(states.device).view(-1, 1, 1).expand(-1, 1, states.shape[2]);
            found.Add(states.gather(1, ends).squeeze(1).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope());
            progress?.Report((index + 1.0) / batches.Count);
        }

        return cat(found, 0);
    }

    /// <summary>Encodes prompts, and checks them. Runs nothing.</summary>
    public static IReadOnlyList<TokenBatch> Batches(LanguageModel model, IEnumerable<string> prompts)
    {
        TokenBatch[] batches = [.. prompts.Chunk(BatchSize).Select(chunk => model.Batch(chunk))];
        foreach (TokenBatch batch in batches)
            model.Parts.Check(batch.Rows);
        return batches;
    }
}
