using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// The levels of a sketch of quantiles, <c>[features, samples]</c> each, of which a sample in level h stands for 2^h.
/// See <see cref="RunningQuantiles"/>.
/// </summary>
internal sealed class QuantileLevels(Accumulators state, int resolution, int seed)
{
    // By what each level is smaller than the one above it, and how small it gets. 2/3 is what the paper's authors use.
    private const double Shrink = 2.0 / 3;
    private const int SmallestCapacity = 8;

    // More than this many levels would take more than 2^56 samples.
    private const int MostLevels = 56;

    private int _count = 1;
    private long _tosses;
    private double _deviation;

    /// <summary>
    /// The root of the sum of 2^2h over all compactions, h being the level: the error of a rank is the sum of
    /// independent terms between -2^h and 2^h with mean 0, and so sub-Gaussian with this parameter.
    /// </summary>
    public double Deviation => _deviation;

    /// <summary>How many samples all levels stand for.</summary>
    public long Represented => Enumerable.Range(0, _count).Sum(level => (long)Size(level) << level);

    private long Stored => Enumerable.Range(0, _count).Sum(Size);

    private long Capacity => Enumerable.Range(0, _count).Sum(CapacityOf);

    public IEnumerable<AccumulatorLayout> Layout(long features) =>
        Enumerable.Range(0, _count).Select(level => AccumulatorLayout.Of(Name(level), features, -1));

    public void WriteSettings(StatisticWriter writer)
    {
        writer.Write("levels", (long)_count);
        writer.Write("tosses", _tosses);
        writer.Write("deviation", _deviation);
    }

    public void ReadSettings(StatisticReader reader)
    {
        _count = (int)reader.ReadInteger("levels", 1, MostLevels);
        _tosses = reader.ReadInteger("tosses", 0);
        _deviation = reader.ReadNumber("deviation", least: 0);
    }

    /// <summary>The name of the first level with a value that is not between a least and a greatest of its feature, or null.</summary>
    public string? NotWithin(Tensor minimum, Tensor maximum)
    {
        for (int level = 0; level < _count; level++)
        {
            Tensor samples = Level(level);
            if (!(samples.ge(minimum.unsqueeze(1)) & samples.le(maximum.unsqueeze(1))).all().item<bool>())
                return Name(level);
        }

        return null;
    }

    public void Add(int level, Tensor samples) =>
        state[Name(level)] = cat([Level(level), samples], 1);

    /// <summary>Adds another sketch. Their errors may come from the same tosses, so their deviations add up in full.</summary>
    public void Merge(QuantileLevels other)
    {
        while (_count < other._count)
            Grow();
        Device device = state[Name(0)].device;
        for (int level = 0; level < other._count; level++)
            Add(level, other.Level(level).to(device));
        _tosses = Math.Max(_tosses, other._tosses);
        _deviation += other._deviation;
        Compress();
    }

    /// <summary>Compacts the lowest levels that overflow, until everything fits.</summary>
    public void Compress()
    {
        while (Stored > Capacity)
            Compact(Enumerable.Range(0, _count).First(level => Size(level) > CapacityOf(level)));
    }

    /// <summary>The least sample of each feature up to which there are at least q of the count: <c>[features]</c>.</summary>
    public Tensor At(double q, long count)
    {
        (Tensor samples, Tensor weights) = Weighted();
        (Tensor sorted, Tensor order) = samples.sort(1);
        Tensor ranks = weights.expand(samples.shape).gather(1, order).cumsum(1);

        // What q times the count loses by rounding must not make a whole number the next one.
        double rank = Math.Max(1, Math.Ceiling(q * count * (1 - 4e-16)));
        Tensor at = searchsorted(ranks, HeldScalars.Filled([samples.shape[0], 1], rank, ScalarType.Float64, samples.device));
        return sorted.gather(1, at.AtMostInPlace(samples.shape[1] - 1)).squeeze(1);
    }

    /// <summary>How many samples of each feature are at or below a value: <c>[features]</c>.</summary>
    public Tensor UpTo(double value)
    {
        (Tensor samples, Tensor weights) = Weighted();
        return samples.IsAtMost(value).to(ScalarType.Float64).mv(weights);
    }

    private static string Name(int level) => $"level.{level}";

    private Tensor Level(int level) => state[Name(level)];

    private int Size(int level) => (int)Level(level).shape[1];

    private int CapacityOf(int level) => Math.Max(SmallestCapacity, (int)Math.Ceiling(resolution * Math.Pow(Shrink, _count - 1 - level)));

    private void Compact(int level)
    {
        if (level + 1 == _count)
            Grow();
        (Tensor sorted, Tensor _) = Level(level).sort(1);
        long even = sorted.shape[1] / 2 * 2;
        Add(level + 1, sorted.slice(1, Toss() ? 1 : 0, even, 2));
        state[Name(level)] = sorted.slice(1, even, sorted.shape[1], 1).clone();
        _deviation = Math.Sqrt((_deviation * _deviation) + Math.Pow(4, level));
    }

    private void Grow()
    {
        Tensor lowest = Level(0);
        state[Name(_count++)] = zeros([lowest.shape[0], 0], lowest.dtype, lowest.device);
    }

    /// <summary>The coin: SplitMix64 of the seed and the number of the toss, so that a saved sketch goes on with the same ones.</summary>
    private bool Toss()
    {
        unchecked
        {
            ulong z = ((ulong)(uint)seed << 32) ^ ((ulong)++_tosses * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return ((z ^ (z >> 31)) & 1) == 1;
        }
    }

    private (Tensor Samples, Tensor Weights) Weighted()
    {
        var levels = Enumerable.Range(0, _count).ToList();
        Tensor first = Level(0);
        IEnumerable<Tensor> weights = levels.Select(level => HeldScalars.Filled([Size(level)], Math.Pow(2, level), ScalarType.Float64, first.device));
        return (cat([.. levels.Select(Level)], 1), cat([.. weights], 0));
    }
}
