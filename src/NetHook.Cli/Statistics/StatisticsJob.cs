using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>Runs a text through a model and gathers statistics of its layers, saved now and then where they are to be kept.</summary>
internal static class StatisticsJob
{
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(30);

    /// <param name="path">The file, which was taken for this work, or null.</param>
    public static void Run(Module<Tensor, Tensor> model, TextPieces text, StatisticsFile file, string? path, IProgress<double> progress, CancellationToken cancellation)
    {
        try
        {
            Read(model, text, file, path, progress, cancellation);
        }
        catch when (path is not null)
        {
            file.Leave(path);
            throw;
        }
    }

    private static void Read(Module<Tensor, Tensor> model, TextPieces text, StatisticsFile file, string? path, IProgress<double> progress, CancellationToken cancellation)
    {
        using IDisposable _ = no_grad();
        using var traces = new TraceDict(model, file.Statistics.Keys, new() { Detach = true, Stop = true, StopRule = StopRule.AllListed });
        var sinceSave = Stopwatch.StartNew();
        while (!file.IsComplete)
        {
            if (path is null || file.Done == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
            else if (cancellation.IsCancellationRequested)
            {
                file.Keep(path);
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
                file.Keep(path);
                sinceSave.Restart();
            }
        }

        if (path is not null)
            file.Keep(path);
    }
}
