using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The statistics of an MLP's keys that <see cref="RomeEditor"/> needs: their second moment over a text, the matrix C of
/// Meng et al. 2022, section 3.1.
/// </summary>
/// <remarks>
/// Any text like what the model was trained on will do, of some times more tokens than the MLP is wide. A statistic of the layer
/// <see cref="TransformerLayout.MlpKeys"/> that was collected in another way, in several parts and merged for instance, is as good. Keep it with
/// <see cref="RunningStatistic.Save"/>: it holds for the model and layer whatever is edited.
/// </remarks>
public static class KeyStatistics
{
    private const int BatchTokens = 2048;

    /// <summary>Runs a text through the model, up to the layer, and collects the second moment of its keys.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="text">The text. It is cut into pieces of as many tokens as the model reads, at most 2,048.</param>
    /// <param name="progress">Gets the share of the text that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The statistic, which is the caller's.</returns>
    /// <exception cref="ArgumentException">The text is empty, or the model has no such layer.</exception>
    /// <exception cref="LayoutException">The model's layout has no <see cref="TransformerLayout.MlpProjectionPath"/>.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static RunningSecondMoment Collect(
        LanguageModel model, int layer, string text, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(text);
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, model.Layout.Layers);
        EvalMode.Require(model.Model);

        int length = Math.Min(model.Layout.MaxTokens ?? BatchTokens, BatchTokens);
        long[][] pieces = [.. model.Tokenizer.Encode(text).Select(id => (long)id).Chunk(length)];
        long[][][] batches = [.. pieces.Where(piece => piece.Length == length).Chunk(Math.Max(1, BatchTokens / length)), .. pieces.Where(piece => piece.Length < length).Chunk(1)];
        var statistic = new RunningSecondMoment();
        try
        {
            using IDisposable _ = no_grad();
            using var trace = new Trace(
                model.Model, model.Layout.MlpProjection(layer), new() { RetainInput = true, RetainOutput = false, Stop = true, Scope = TraceScope.CurrentFlow });
            for (int i = 0; i < batches.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                Tensor tokens = tensor([.. batches[i].SelectMany(piece => piece)], [batches[i].Length, batches[i][0].Length]);
                trace.Run(() => model.Model.call(tokens.to(model.Parts.Device)));
                statistic.Add(trace.Input);
                progress?.Report((i + 1.0) / batches.Length);
            }

            return statistic;
        }
        catch
        {
            statistic.Dispose();
            throw;
        }
    }
}
