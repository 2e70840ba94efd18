namespace NetHook.Cli.Tests;

/// <summary>Does something whenever progress is reported.</summary>
internal sealed class Reports(Action report) : IProgress<double>
{
    public void Report(double value) => report();
}
