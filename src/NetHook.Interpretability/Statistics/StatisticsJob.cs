using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Gathers statistics of what layers of a model give over a text of any length. The work may be divided into shards for several machines, is
/// saved now and then, and goes on where it was interrupted. Memory does not grow with the text.
/// </summary>
/// <remarks>
/// <para>The text is cut into pieces of as many tokens as the model reads, at most 2,048, and shard i of n takes every nth piece. Pieces are
/// encoded without special tokens; if the tokenizer's files put tokens before each text, such as the begin token of Llama and Gemma, these
/// stand before each piece, since the model was trained to see them there, and their activations count as those of any other token.</para>
/// <para>The model must be in evaluation mode, and is left as it was. It runs up to the last of the layers.</para>
/// </remarks>
/// <example><code>
/// using var model = LanguageModel.Bundled();
/// var layers = model.Model.ModuleNames("**.mlp");
/// var job = new StatisticsJob(model, Corpus.File("corpus.txt"), layers, _ => new RunningVariance());
/// using StatisticsFile variances = job.Run("variances.safetensors");
/// </code></example>
public sealed class StatisticsJob
{
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(30);

    private readonly LanguageModel _model;
    private readonly Corpus _text;
    private readonly Shard _shard;
    private readonly IReadOnlyList<string> _layers;
    private readonly Func<string, RunningStatistic> _make;

    /// <summary>Makes a job. Nothing is read before it runs.</summary>
    /// <param name="model">The model. It is not disposed with the job, which holds nothing.</param>
    /// <param name="text">The text.</param>
    /// <param name="layers">The layers, each of which returns one tensor <c>[batch, tokens, features]</c>.</param>
    /// <param name="make">Makes the statistic of a layer; a new one each time.</param>
    /// <param name="shard">Which part of the text is read; null for all of it.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public StatisticsJob(LanguageModel model, Corpus text, IEnumerable<string> layers, Func<string, RunningStatistic> make, Shard? shard = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(make);
        (_model, _text, _shard, _layers, _make) = (model, text, shard ?? Shard.Whole, [.. layers], make);
        _shard.Check(nameof(shard));
    }

    /// <summary>Does the work, or what is left of it.</summary>
    /// <param name="path">
    /// The file that the statistics are kept in: saved every half minute, at the end, and when cancelled. If it holds a part of this work, the
    /// work goes on from there. Null to keep them in memory alone.
    /// </param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The statistics, complete, the caller's to dispose.</returns>
    /// <exception cref="StatisticsJobException">The file holds other work, or another run saved in it meanwhile; the text has fewer pieces than
    /// there are shards; or a layer gave what cannot be counted.</exception>
    /// <exception cref="CheckpointException">The text cannot be read, or the file is damaged.</exception>
    /// <exception cref="NonFiniteException">The model gave numbers that are not finite.</exception>
    /// <exception cref="LayerNotRunException">A layer did not run.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="StatisticsInterruptedException"><paramref name="cancellation"/> was cancelled, and the file holds what was done.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled before there was something to keep.</exception>
    public StatisticsFile Run(string? path = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        EvalMode.Require(_model.Model);
        cancellation.ThrowIfCancellationRequested();
        var file = new StatisticsFile(
            new LayerStatistics(_layers, _make), new(ModelFingerprint.Of(_model.Model), [new(_text.Hash, _shard, 0)], 0, false, 0, default, _text.Bytes));
        try
        {
            if (path is not null)
                file.Claim(path);
            if (!file.IsComplete)
                Run(file, path, progress, cancellation);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Run(StatisticsFile file, string? path, IProgress<double>? progress, CancellationToken cancellation)
    {
        try
        {
            if (Read(file, path, progress, cancellation) is { } uncountable)
                throw Uncountable.Fault(_model, uncountable.Batch, uncountable.Problem);
            file.Complete();
            progress?.Report(1);
            if (path is not null)
                file.Checkpoint(path);
        }
        catch (OperationCanceledException) when (path is not null && file.Batches > 0 && cancellation.IsCancellationRequested)
        {
            file.Checkpoint(path);
            throw new StatisticsInterruptedException(path, file.Batches, file.Share, cancellation);
        }
        catch when (path is not null)
        {
            file.Release(path);
            throw;
        }
    }

    /// <summary>Reads what is left of the text; up to a batch that gives what cannot be counted, if there is one.</summary>
    private (CorpusBatch Batch, string Problem)? Read(StatisticsFile file, string? path, IProgress<double>? progress, CancellationToken cancellation)
    {
        using IDisposable _ = no_grad();
        using IDisposable? stop = _model.Parts.StopOn(cancellation);
        using var traces = new TraceDict(
            _model.Model, file.Statistics.Keys, new() { Detach = true, Stop = true, StopRule = StopRule.AllListed, Scope = TraceScope.CurrentFlow });
        var sinceSave = Stopwatch.StartNew();
        progress?.Report(file.Share);
        foreach (CorpusBatch batch in new CorpusBatches(_model, _text, _shard).From(file.Notes.NextPiece, file.Notes.Next))
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor ids = batch.On(_model.Parts.Device);
            traces.Run(() => _model.Model.call(ids));
            if (WhyNotAdd(file.Statistics, traces) is { } problem)
                return (batch, problem);
            foreach ((string layer, RunningStatistic statistic) in file.Statistics)
                statistic.AddChecked(traces[layer].Output);
            file.Count(batch);
            progress?.Report(file.Share);
            if (path is not null && sinceSave.Elapsed > BetweenSaves)
            {
                file.Checkpoint(path);
                sinceSave.Restart();
            }
        }

        return null;
    }

    private static string? WhyNotAdd(LayerStatistics statistics, TraceDict traces) => statistics
        .Select(pair => Uncountable.Why(pair.Value, traces[pair.Key].Output, pair.Key)).FirstOrDefault(problem => problem is not null);
}
