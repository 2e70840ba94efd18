namespace NetHook.Interpretability.Tests;

/// <summary>Keeps what is reported, at once and in order, as <see cref="Progress{T}"/> does not.</summary>
internal sealed class Reports : List<double>, IProgress<double>
{
    public void Report(double value) => Add(value);
}
