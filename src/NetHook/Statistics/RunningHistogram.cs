using static TorchSharp.torch;

namespace NetHook;

/// <summary>How often each feature's values fall into each of a number of equal bins.</summary>
/// <remarks>
/// Bin i holds the values from <c>edge[i]</c>, included, to <c>edge[i + 1]</c>, not included, except in the last bin.
/// What lies outside the range, infinity too, is counted separately. Counts are exact, and so are merges. Memory: 8
/// bytes for each feature and bin.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningHistogram : RunningStatistic
{
    /// <summary>Makes a histogram.</summary>
    /// <param name="low">The lower edge of the first bin, in the activations' unit.</param>
    /// <param name="high">The upper edge of the last bin.</param>
    /// <param name="bins">How many bins there are, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no bins, or the range is empty or not finite.</exception>
    public RunningHistogram(double low, double high, int bins = 100)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (!(low < high) || !double.IsFinite(high - low))
        {
            throw new ArgumentOutOfRangeException(
                nameof(high), high, FormattableString.Invariant($"A histogram's range must be finite and not empty, and it begins at {low}."));
        }

        (Low, High, Bins) = (low, high, bins);
    }

    /// <summary>The lower edge of the first bin.</summary>
    public double Low { get; }

    /// <summary>The upper edge of the last bin.</summary>
    public double High { get; }

    /// <summary>How many bins there are.</summary>
    public int Bins { get; }

    private protected override bool TakesInfinity => true;

    /// <summary>The edges of the bins: bin i is from edge i to edge i + 1.</summary>
    /// <returns><c>[bins + 1]</c>, double precision, in the activations' unit.</returns>
    public Tensor Edges() => linspace(Low, High, Bins + 1, ScalarType.Float64);

    /// <summary>How many values of each feature fell into each bin.</summary>
    /// <returns><c>[features, bins]</c>, 64-bit integers.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Counts() => Result(() => State["counts"].narrow(1, 1, Bins).clone());

    /// <summary>How many values of each feature were less than <see cref="Low"/>.</summary>
    /// <returns><c>[features]</c>, 64-bit integers.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Below() => Result(() => State["counts"].select(1, 0).clone());

    /// <summary>How many values of each feature were greater than <see cref="High"/>.</summary>
    /// <returns><c>[features]</c>, 64-bit integers.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Above() => Result(() => State["counts"].select(1, Bins + 1).clone());

    internal static RunningHistogram From(StatisticReader reader)
    {
        (double low, double high) = (reader.ReadNumber("low"), reader.ReadNumber("high"));
        return low < high && double.IsFinite(high - low)
            ? new(low, high, (int)reader.ReadInteger("bins", 1, int.MaxValue - 2))
            : throw reader.Bad(FormattableString.Invariant($"Its range is from {low} to {high}, which is empty."), "high");
    }

    private protected override void WriteSettings(StatisticWriter writer)
    {
        writer.Write("low", Low);
        writer.Write("high", High);
        writer.Write("bins", (long)Bins);
    }

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) => [new("counts", ScalarType.Int64, features, Bins + 2L)];

    private protected override Damage? WhyDamaged()
    {
        if (Damage.OfNegative("counts", State["counts"], "a count") is { } damage)
            return damage;
        (Tensor least, Tensor most) = State["counts"].sum(1).aminmax();
        return (least.item<long>(), most.item<long>()) == (Count, Count)
            ? null
            : new("counts", FormattableString.Invariant($"Its counts of a feature's values do not add up to the {Count} samples."));
    }

    private protected override void Accumulate(Tensor samples)
    {
        Tensor counts = State["counts"];
        Tensor bin = samples.contiguous().bucketize(Edges().to(samples.device), right: true);
        bin.sub_(samples.IsEqualTo(High).to(ScalarType.Int64));
        bin.PlusInPlace(HeldScalars.Range(counts.shape[0], device: samples.device).TimesInPlace(Bins + 2L));
        counts.PlusInPlace(bin.view(-1).bincount(null, counts.numel()).view(counts.shape));
    }

    private protected override void MergeFrom(RunningStatistic other) => State["counts"].PlusInPlace(other.State["counts"].to(State["counts"].device));

    private protected override string? DiffersFrom(RunningStatistic other)
    {
        var histogram = (RunningHistogram)other;
        return (histogram.Low, histogram.High, histogram.Bins) == (Low, High, Bins)
            ? null
            : FormattableString.Invariant(
                $"it has {histogram.Bins} bins from {histogram.Low} to {histogram.High}, this one {Bins} from {Low} to {High}");
    }
}
