using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class RunningQuantilesTests
{
    private static readonly double[] Asked = [0, 0.01, 0.25, 0.5, 0.9, 1];

    [Fact]
    public void Quantiles_are_exact_while_every_sample_is_kept() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningQuantiles batched = samples.AddTo(new RunningQuantiles()), merged = samples.Merge(() => new RunningQuantiles());
        Tensor sorted = samples.All.sort(0).Values;
        long count = samples.All.shape[0];

        foreach (RunningQuantiles quantiles in new[] { batched, merged })
        {
            Assert.Equal(0, quantiles.RankError());
            foreach (long rank in new[] { 1, (count + 1) / 2, count })
                TensorAssert.Same(sorted[rank - 1], quantiles.Quantiles((double)rank / count)[0]);
            TensorAssert.Same(sorted[0], quantiles.Minimum());
            TensorAssert.Same(sorted[-1], quantiles.Maximum());
            TensorAssert.Same(sorted[(int)Math.Ceiling(count * 0.5) - 1], quantiles.Median());
            TensorAssert.Near(samples.All.le(0).to(float64).mean([0]), quantiles.CumulativeProbability(0), 1e-12);
        }
    });

    [Fact]
    public void Error_of_a_small_sketch_is_within_its_bound_batched_or_merged() => Samples.Check(Samples.Any(3000), samples =>
    {
        using RunningQuantiles batched = samples.AddTo(new RunningQuantiles(16)), merged = samples.Merge(() => new RunningQuantiles(16));

        AssertWithinBound(samples.All, batched);
        AssertWithinBound(samples.All, merged);
    });

    [Fact]
    public void Bound_is_below_three_by_the_resolution_for_a_million_samples()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantiles = new RunningQuantiles();
        Tensor all = Samples.Make(1, 1 << 20, 2, kind: 0);
        foreach (Tensor batch in all.split(1000))
            quantiles.Add(batch);

        Assert.InRange(quantiles.RankError(), 1.0 / quantiles.Resolution, 3.0 / quantiles.Resolution);
        AssertWithinBound(all, quantiles);
    }

    [Fact]
    public void Merging_many_sketches_of_one_seed_keeps_the_bound()
    {
        using DisposeScope scope = NewDisposeScope();
        using var merged = new RunningQuantiles(128);
        Tensor all = Samples.Make(1, 1 << 16, 2, kind: 0);
        foreach (Tensor shard in all.split(1 << 12))
        {
            using var part = new RunningQuantiles(128);
            foreach (Tensor batch in shard.split(100))
                part.Add(batch);
            merged.Merge(part);
        }

        Assert.InRange(merged.RankError(), 0.001, 0.05);
        AssertWithinBound(all, merged);
    }

    [Fact]
    public void Memory_stays_the_same_from_thousands_of_samples_to_a_million()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantiles = new RunningQuantiles(64);
        Tensor batch = Samples.Make(1, 1000, 3, kind: 0);
        for (int i = 0; i < 1000; i++)
        {
            quantiles.Add(batch);
            Assert.InRange(quantiles.State.All.Sum(pair => pair.Value.shape.Length == 2 ? pair.Value.shape[1] : 0), 1, (3 * 64) + (8 * 16));
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_sketch_and_another_seed_another()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = Samples.Make(1, 5000, 2, kind: 0);
        var sketches = new[] { 1, 1, 2 }.Select(seed =>
        {
            using var quantiles = new RunningQuantiles(16, seed);
            foreach (Tensor batch in all.split(100))
                quantiles.Add(batch);
            return quantiles.Quantiles(0.1, 0.3, 0.5, 0.7, 0.9);
        }).ToList();

        TensorAssert.Same(sketches[0], sketches[1]);
        Assert.False(sketches[0].equal(sketches[2]).all().ToBoolean());
    }

    [Fact]
    public void Infinite_values_are_the_extremes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantiles = new RunningQuantiles();
        quantiles.Add(tensor(new[] { double.NegativeInfinity, 1, double.PositiveInfinity }).view(3, 1));

        Assert.Equal(
            [double.NegativeInfinity, 1, double.PositiveInfinity],
            quantiles.Quantiles(0, 0.5, 1).data<double>().ToArray());
    }

    [Fact]
    public void What_is_no_probability_is_refused()
    {
        using var quantiles = new RunningQuantiles();
        quantiles.Add(ones(1));

        Messages.Same(
            "A quantile is between 0 and 1. (Parameter 'q')\nActual value was 50.",
            () => quantiles.Quantiles(0.5, 50));
        Assert.Throws<ArgumentOutOfRangeException>(() => quantiles.Quantiles(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => quantiles.RankError(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningQuantiles(1));
    }

    [Fact]
    public void Sketches_of_other_resolutions_are_not_merged()
    {
        using RunningQuantiles a = new(64), b = new(128);

        Messages.Same(
            "RunningQuantiles cannot be merged into RunningQuantiles: its resolution is 128, that of this one 64. Nothing was added.",
            () => a.Merge(b));
    }

    // The bound holds for one quantile of one feature at a time; at this confidence it never fails in practice.
    private static void AssertWithinBound(Tensor all, RunningQuantiles quantiles)
    {
        long count = all.shape[0];
        double error = quantiles.RankError(1 - 1e-9) + 1e-12;
        Tensor values = quantiles.Quantiles(Asked);
        for (int i = 0; i < Asked.Length; i++)
        {
            // With ties, a value has a range of ranks.
            double[] below = all.lt(values[i]).to(float64).mean([0]).data<double>().ToArray();
            double[] upTo = all.le(values[i]).to(float64).mean([0]).data<double>().ToArray();
            foreach ((double low, double high) in below.Zip(upTo))
                Assert.True(low - error <= Asked[i] && Asked[i] <= high + error + (1.0 / count));
        }
    }
}
