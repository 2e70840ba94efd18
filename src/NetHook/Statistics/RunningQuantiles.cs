using System.Globalization;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// The quantiles of each feature, from a sketch of them: exact for as many samples as it holds, and beyond that with
/// an error that it knows, <see cref="RankError"/>.
/// </summary>
/// <remarks>
/// <para>The sketch is that of Karnin, Lang and Liberty 2016, "Optimal Quantile Approximation in Streams". Samples are
/// kept in levels; one in level h stands for 2^h. A level that overflows is sorted, and either its even or its odd
/// places, by the toss of a coin, move to the next. This moves the rank of a value by at most 2^h, up or down alike, so
/// that the error of all of them together is bounded by Hoeffding's inequality from those that were really made. At
/// 99 % confidence the bound is at most 3 / resolution of the samples, 0.3 % by default, however many there are.</para>
/// <para>All features share their levels, so that batches are sorted as whole tensors. This is why not a t-digest: its
/// clusters differ from feature to feature, and it has no bound. Memory: about 24 bytes times the resolution for each feature.</para>
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningQuantiles : RunningStatistic
{
    private readonly QuantileLevels _levels;

    /// <summary>Makes a sketch.</summary>
    /// <param name="resolution">How many samples the highest level holds, at least 8. The error is in inverse proportion to it.</param>
    /// <param name="seed">The seed of the coin. The same samples in the same batches give the same sketch.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resolution"/> is less than 8.</exception>
    public RunningQuantiles(int resolution = 1024, int seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resolution, 8);
        (Resolution, Seed) = (resolution, seed);
        _levels = new(State, resolution, seed);
    }

    /// <summary>How many samples the highest level holds.</summary>
    public int Resolution { get; }

    /// <summary>The seed of the coin.</summary>
    public int Seed { get; }

    private protected override bool TakesInfinity => true;

    /// <summary>
    /// By how much the rank of a quantile may be wrong, as a fraction of the samples: the value given for 0.5 is the
    /// true quantile of something between 0.5 - error and 0.5 + error.
    /// </summary>
    /// <param name="confidence">The probability, for one feature and one quantile, that the error is not larger.</param>
    /// <returns>The fraction; 0 as long as every sample is kept.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="confidence"/> is not between 0 and 1.</exception>
    public double RankError(double confidence = 0.99)
    {
        if (confidence is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "A confidence is at least 0 and less than 1.");
        return Count == 0 ? 0 : _levels.Deviation * Math.Sqrt(2 * Math.Log(2 / (1 - confidence))) / Count;
    }

    /// <summary>The least value of each feature, exactly.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Minimum() => Result(() => State["minimum"].clone());

    /// <summary>The greatest value of each feature, exactly.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Maximum() => Result(() => State["maximum"].clone());

    /// <summary>The median of each feature: the quantile 0.5.</summary>
    /// <returns><c>[features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Median() => Result(() => Quantiles(0.5).select(0, 0));

    /// <summary>
    /// The quantiles of each feature: for q, the least value that at least q of the samples do not exceed. It is always
    /// a value that was added, never one between two.
    /// </summary>
    /// <param name="q">Which quantiles, each from 0 (the minimum, exact) to 1 (the maximum, exact).</param>
    /// <returns><c>[quantiles, features]</c>, double precision, in the activations' unit.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A quantile is not between 0 and 1.</exception>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Quantiles(params double[] q)
    {
        ArgumentNullException.ThrowIfNull(q);
        foreach (double one in q)
        {
            if (one is not (>= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(q), one, "A quantile is between 0 and 1.");
        }

        return Result(() => stack(q.Select(one => one switch
        {
            0 => State["minimum"],
            1 => State["maximum"],
            _ => _levels.At(one, Count),
        })));
    }

    /// <summary>How much of each feature's samples is at or below a value: the inverse of <see cref="Quantiles"/>.</summary>
    /// <param name="value">A value, in the activations' unit.</param>
    /// <returns><c>[features]</c>, double precision, from 0 to 1.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor CumulativeProbability(double value) => Result(() => _levels.UpTo(value).DividedBy(Count));

    internal static RunningQuantiles From(StatisticReader reader)
    {
        var quantiles = new RunningQuantiles(
            (int)reader.ReadInteger("resolution", 8, int.MaxValue),
            (int)reader.ReadInteger("seed", int.MinValue, int.MaxValue));
        quantiles._levels.ReadSettings(reader);
        return quantiles;
    }

    private protected override void WriteSettings(StatisticWriter writer)
    {
        writer.Write("resolution", (long)Resolution);
        writer.Write("seed", (long)Seed);
        _levels.WriteSettings(writer);
    }

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) =>
        [AccumulatorLayout.Of("minimum", features), AccumulatorLayout.Of("maximum", features), .. _levels.Layout(features)];

    private protected override void Accumulate(Tensor samples)
    {
        Extend(samples.amin(0), samples.amax(0));
        _levels.Add(0, samples.t());
        _levels.Compress();
    }

    private protected override void MergeFrom(RunningStatistic other)
    {
        Extend(other.State["minimum"], other.State["maximum"]);
        _levels.Merge(((RunningQuantiles)other)._levels);
    }

    private protected override string? DiffersFrom(RunningStatistic other)
    {
        int theirs = ((RunningQuantiles)other).Resolution;
        return theirs == Resolution ? null : string.Create(CultureInfo.InvariantCulture, $"its resolution is {theirs}, that of this one {Resolution}");
    }

    private protected override Damage? WhyDamaged()
    {
        (Tensor minimum, Tensor maximum) = (State["minimum"], State["maximum"]);
        if (minimum.isnan().any().item<bool>())
            return new("minimum", "It holds NaN.");
        if (!minimum.le(maximum).all().item<bool>())
            return new("maximum", "It is less than the minimum, or NaN.");
        if (_levels.Represented != Count)
            return new(null, string.Create(CultureInfo.InvariantCulture, $"Its levels stand for {_levels.Represented} samples, and it counts {Count}."));
        return _levels.NotWithin(minimum, maximum) is { } level ? new(level, "It holds values beyond the minimum and maximum, or NaN.") : null;
    }

    private void Extend(Tensor minimum, Tensor maximum)
    {
        Device device = State["minimum"].device;
        State["minimum"] = Count == 0 ? minimum.to(device).clone() : State["minimum"].minimum(minimum.to(device));
        State["maximum"] = Count == 0 ? maximum.to(device).clone() : State["maximum"].maximum(maximum.to(device));
    }
}
