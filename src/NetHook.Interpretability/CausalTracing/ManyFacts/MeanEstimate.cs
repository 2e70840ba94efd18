namespace NetHook.Interpretability;

/// <summary>A mean over facts, and how far off it may be.</summary>
/// <param name="Mean">The mean; NaN of none.</param>
/// <param name="Interval">
/// Half the width of the 95 % confidence interval: 1.96 standard errors of the mean, as in the paper's figures; NaN of fewer than two facts.
/// </param>
/// <param name="Count">How many facts it is the mean of.</param>
public readonly record struct MeanEstimate(double Mean, double Interval, int Count)
{
    private const double StandardErrors = 1.96;

    internal static MeanEstimate Of(IReadOnlyCollection<double> values)
    {
        int count = values.Count;
        if (count == 0)
            return new(double.NaN, double.NaN, 0);
        double mean = values.Average();
        double variance = values.Sum(value => (value - mean) * (value - mean)) / (count - 1);
        return new(mean, count < 2 ? double.NaN : StandardErrors * Math.Sqrt(variance / count), count);
    }
}
