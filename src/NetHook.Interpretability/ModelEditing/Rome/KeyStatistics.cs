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
    /// <summary>Runs a text through the model, up to the layer, and collects the second moment of its keys.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="text">The text. It is cut into pieces as <see cref="StatisticsJob"/> does, which reads texts that do not fit into memory.</param>
    /// <param name="progress">Gets the share of the text that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The statistic, which is the caller's.</returns>
    /// <exception cref="ArgumentException">The text is empty, or the model has no such layer.</exception>
    /// <exception cref="LayoutException">The model's layout has no <see cref="TransformerLayout.MlpProjectionPath"/>.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="NonFiniteException">The model gave numbers that are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static RunningSecondMoment Collect(
        LanguageModel model, int layer, string text, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(text);
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, model.Layout.Layers);
        EvalMode.Require(model.Model);

        var statistic = new RunningSecondMoment();
        try
        {
            if (Read(model, layer, Corpus.Text(text), statistic, progress, cancellation) is { } uncountable)
                throw Uncountable.Fault(model, uncountable.Batch, uncountable.Problem);
            progress?.Report(1);
            return statistic;
        }
        catch
        {
            statistic.Dispose();
            throw;
        }
    }

    private static (CorpusBatch Batch, string Problem)? Read(
        LanguageModel model, int layer, Corpus text, RunningSecondMoment statistic, IProgress<double>? progress, CancellationToken cancellation)
    {
        string projection = model.Layout.MlpProjection(layer);
        using IDisposable _ = no_grad();
        using IDisposable? stop = model.Parts.StopOn(cancellation);
        using var trace = new Trace(
            model.Model, projection, new() { RetainInput = true, RetainOutput = false, Stop = true, Scope = TraceScope.CurrentFlow });
        foreach (CorpusBatch batch in new CorpusBatches(model, text, Shard.Whole).All())
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor ids = batch.On(model.Parts.Device);
            trace.Run(() => model.Model.call(ids));
            Tensor keys = trace.Input;
            if (Uncountable.Why(statistic, keys, projection) is { } problem)
                return (batch, problem);
            statistic.AddChecked(keys);
            progress?.Report(Math.Min(1, (double)batch.Next.Bytes / text.Bytes));
        }

        return null;
    }
}
