using static TorchSharp.torch;

namespace NetHook;

/// <summary>The mean, variance and standard deviation of each feature.</summary>
/// <remarks>
/// Kept are the mean and the sum of squared deviations from it. Batches and other statistics are merged by the formula
/// of Chan, Golub and LeVeque (1979): <c>S = S_a + S_b + (mean_b - mean_a)² · n_a n_b / n</c>, so that no large
/// numbers are subtracted from each other.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningVariance : RunningStatistic
{
    /// <summary>The mean of each feature.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Mean() => Result(() => State["mean"].clone());

    /// <summary>The variance of each feature, <c>Σ (x - mean)² / (n - 1)</c>.</summary>
    /// <param name="unbiased">Whether to divide by n - 1, as for a sample (one alone gives NaN), or by n.</param>
    /// <returns><c>[features]</c>, double precision, in the square of the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Variance(bool unbiased = true) => Result(() => Moments.Normalise(State["deviations"], Count, unbiased));

    /// <summary>The standard deviation of each feature, the root of <see cref="Variance"/>.</summary>
    /// <param name="unbiased">Whether the variance is divided by n - 1, or by n.</param>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor StandardDeviation(bool unbiased = true) => Result(() => Variance(unbiased).sqrt());

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) =>
        [AccumulatorLayout.Of("mean", features), AccumulatorLayout.Of("deviations", features)];

    private protected override Damage? WhyDamaged() =>
        Damage.OfNotFinite("mean", State["mean"])
            ?? Damage.OfNotFinite("deviations", State["deviations"])
            ?? Damage.OfNegative("deviations", State["deviations"], "a sum of squares");

    private protected override void Accumulate(Tensor samples)
    {
        Tensor mean = samples.mean([0]);
        Combine(mean, (samples - mean).Squared().sum([0]), samples.shape[0]);
    }

    private protected override void MergeFrom(RunningStatistic other) =>
        Combine(other.State["mean"], other.State["deviations"], other.Count);

    private void Combine(Tensor mean, Tensor deviations, long count)
    {
        (Tensor distance, Tensor weighted) = Moments.Shift(State["mean"], Count, mean, count);
        State["deviations"].PlusInPlace(deviations.to(distance.device)).PlusInPlace(distance * weighted);
    }
}
