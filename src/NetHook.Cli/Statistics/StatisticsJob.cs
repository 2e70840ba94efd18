using System.Diagnostics;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>Runs a text through a model and gathers statistics of its layers, saved now and then where they are to be kept.</summary>
internal static class StatisticsJob
{
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(30);

    public static void Run(Gpt2 model, TextPieces text, StatisticsFile file, string? path, IProgress<double> progress, CancellationToken cancellation)
    {
        using var _ = no_grad();
        using var traces = new TraceDict(model, file.Statistics.Keys, new() { Detach = true, Stop = true, StopRule = StopRule.AllListed });
        var sinceSave = Stopwatch.StartNew();
        while (!file.IsComplete)
        {
            if (path is null)
                cancellation.ThrowIfCancellationRequested();
            else if (cancellation.IsCancellationRequested)
            {
                file.Save(path);
                throw new InterruptedException(
                    $"Interrupted. {Figures.Count(file.Done)} of {Figures.Count(file.Total, "batch", "batches")} are saved in {path}: the same command goes on from there.", cancellation);
            }

            using DisposeScope scope = NewDisposeScope();
            Tensor tokens = text.Batch(file.Done);
            traces.Run(() => model.call(tokens));
            file.Add(traces);
            progress.Report((double)file.Done / file.Total);
            if (path is not null && sinceSave.Elapsed > BetweenSaves)
            {
                file.Save(path);
                sinceSave.Restart();
            }
        }

        if (path is not null)
            file.Save(path);
    }
}
