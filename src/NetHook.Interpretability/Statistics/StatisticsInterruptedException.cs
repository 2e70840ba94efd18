using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>A <see cref="StatisticsJob"/> was cancelled, and what it had done is in a file, from which the same job goes on.</summary>
public sealed class StatisticsInterruptedException : OperationCanceledException
{
    internal StatisticsInterruptedException(string path, int batches, double share, CancellationToken cancellation)
        : base(string.Create(CultureInfo.InvariantCulture, $"The job was interrupted. {batches:N0} {(batches == 1 ? "batch is" : "batches are")} saved in {path}, {100 * share:F0} % of the work: the same job goes on from there."), cancellation) =>
        (Path, Batches, Share) = (path, batches, share);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many batches it holds.</summary>
    public int Batches { get; }

    /// <summary>The share of the work that it holds, 0 to 1.</summary>
    public double Share { get; }
}
