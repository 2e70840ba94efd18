namespace NetHook.Interpretability;

/// <summary>Reports the progress of one of several parts of a work as that of the whole.</summary>
internal sealed class ProgressPart(IProgress<double> whole, int part, int parts) : IProgress<double>
{
    public static IProgress<double>? Of(IProgress<double>? whole, int part, int parts) => whole is null ? null : new ProgressPart(whole, part, parts);

    public void Report(double value) => whole.Report((part + value) / parts);
}
