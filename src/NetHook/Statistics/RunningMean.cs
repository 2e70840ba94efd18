using static TorchSharp.torch;

namespace NetHook;

/// <summary>The mean of each feature.</summary>
/// <remarks>
/// The mean moves to that of each batch by its share of the samples, <c>mean += (batch - mean) · n_batch / n</c>, which
/// stays exact to rounding where a sum would grow without bound.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningMean : RunningStatistic
{
    /// <summary>The mean of each feature.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Mean() => Result(() => State["mean"].clone());

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) => [AccumulatorLayout.Of("mean", features)];

    private protected override Damage? WhyDamaged() => Damage.OfNotFinite("mean", State["mean"]);

    private protected override void Accumulate(Tensor samples) => Moments.Shift(State["mean"], Count, samples.mean([0]), samples.shape[0]);

    private protected override void MergeFrom(RunningStatistic other) =>
        Moments.Shift(State["mean"], Count, other.State["mean"], other.Count);
}
