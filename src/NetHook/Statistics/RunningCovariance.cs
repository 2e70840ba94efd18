using static TorchSharp.torch;

namespace NetHook;

/// <summary>The mean of each feature, and the covariance and correlation of each pair of features.</summary>
/// <remarks>
/// Kept are the mean and the matrix of products of deviations from it, merged by the formula of Chan, Golub and
/// LeVeque (1979): <c>S = S_a + S_b + (mean_b - mean_a)(mean_b - mean_a)ᵀ · n_a n_b / n</c>. Memory: 8 bytes for each
/// pair of features.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningCovariance : RunningStatistic
{
    /// <summary>The mean of each feature.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Mean() => Result(() => State["mean"].clone());

    /// <summary>The covariance of each pair of features, <c>Σ (x - mean)(x - mean)ᵀ / (n - 1)</c>.</summary>
    /// <param name="unbiased">Whether to divide by n - 1, as for a sample (one alone gives NaN), or by n.</param>
    /// <returns><c>[features, features]</c>, double precision, in the square of the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Covariance(bool unbiased = true) => Result(() => Moments.Normalise(State["deviations"], Count, unbiased));

    /// <summary>The variance of each feature, the diagonal of <see cref="Covariance"/>.</summary>
    /// <param name="unbiased">Whether to divide by n - 1, or by n.</param>
    /// <returns><c>[features]</c>, double precision, in the square of the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Variance(bool unbiased = true) => Result(() => Moments.Normalise(State["deviations"].diagonal(), Count, unbiased));

    /// <summary>Pearson's correlation of each pair of features: their covariance over both standard deviations.</summary>
    /// <returns><c>[features, features]</c>, double precision, from -1 to 1; NaN for a feature that does not vary.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Correlation() => Result(() =>
    {
        Tensor deviation = State["deviations"].diagonal().sqrt();
        return (State["deviations"] / deviation.outer(deviation)).ClampInPlace(-1, 1);
    });

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) =>
        [AccumulatorLayout.Of("mean", features), AccumulatorLayout.Of("deviations", features, features)];

    private protected override Damage? WhyDamaged() =>
        Damage.OfNotFinite("mean", State["mean"]) ?? Damage.OfProducts("deviations", State["deviations"]);

    private protected override void Accumulate(Tensor samples)
    {
        Tensor mean = samples.mean([0]);
        Tensor centred = samples - mean;
        State["deviations"].addmm_(centred.t(), centred);
        Shift(mean, samples.shape[0]);
    }

    private protected override void MergeFrom(RunningStatistic other)
    {
        State["deviations"].PlusInPlace(other.State["deviations"].to(State["deviations"].device));
        Shift(other.State["mean"], other.Count);
    }

    private void Shift(Tensor mean, long count)
    {
        // The factor is in the vector, because TorchSharp's addr_ takes it in single precision.
        (Tensor distance, Tensor weighted) = Moments.Shift(State["mean"], Count, mean, count);
        State["deviations"].addr_(distance, weighted);
    }
}
