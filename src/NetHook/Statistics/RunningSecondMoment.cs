using static TorchSharp.torch;

namespace NetHook;

/// <summary>The second moment about zero of each pair of features, <c>E[x xᵀ]</c>: ROME's statistic of MLP keys.</summary>
/// <remarks>
/// Kept is the sum of <c>x xᵀ</c>. Unlike <see cref="RunningCovariance"/> it is not centred on the mean. Used as the
/// matrix C in Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 3. Memory: 8 bytes for
/// each pair of features.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningSecondMoment : RunningStatistic
{
    /// <summary>The second moment, <c>Σ x xᵀ / n</c>.</summary>
    /// <returns><c>[features, features]</c>, double precision, in the square of the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor SecondMoment() => Result(() => State["sum"].DividedBy(Count));

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) => [AccumulatorLayout.Of("sum", features, features)];

    private protected override Damage? WhyDamaged() => Damage.OfProducts("sum", State["sum"]);

    private protected override void Accumulate(Tensor samples) => State["sum"].addmm_(samples.t(), samples);

    private protected override void MergeFrom(RunningStatistic other) => State["sum"].PlusInPlace(other.State["sum"].to(State["sum"].device));
}
