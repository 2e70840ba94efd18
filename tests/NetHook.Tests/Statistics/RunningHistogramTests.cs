using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class RunningHistogramTests
{
    [Fact]
    public void Counts_are_those_of_all_samples_batched_or_merged() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningHistogram batched = samples.AddTo(New()), merged = samples.Merge(New);

        for (int feature = 0; feature < samples.All.shape[1]; feature++)
        {
            double[] values = samples.All.select(1, feature).contiguous().data<double>().ToArray();
            long[] expected = new long[4];
            foreach (double value in values.Where(value => value is >= -2 and <= 2))
                expected[Math.Min((int)Math.Floor(value) + 2, 3)]++;
            foreach (RunningHistogram histogram in new[] { batched, merged })
            {
                Assert.Equal(expected, histogram.Counts()[feature].data<long>().ToArray());
                Assert.Equal(values.LongCount(value => value < -2), histogram.Below()[feature].item<long>());
                Assert.Equal(values.LongCount(value => value > 2), histogram.Above()[feature].item<long>());
            }
        }

        static RunningHistogram New() => new(-2, 2, 4);
    });

    [Fact]
    public void Lower_edges_belong_to_a_bin_and_so_does_the_last_upper_one()
    {
        using DisposeScope scope = NewDisposeScope();
        using var histogram = new RunningHistogram(0, 0.3, 3);
        histogram.Add(cat([histogram.Edges(), tensor(new[] { double.NegativeInfinity, double.PositiveInfinity, -1e-9, 0.31 })]).view(-1, 1));

        Assert.Equal([1, 1, 2], histogram.Counts().data<long>().ToArray());
        Assert.Equal(2, histogram.Below().item<long>());
        Assert.Equal(2, histogram.Above().item<long>());
    }

    [Fact]
    public void A_range_that_is_empty_or_endless_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningHistogram(0, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningHistogram(0, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningHistogram(double.NaN, 1));
        Messages.Same(
            "A histogram's range must be finite and not empty, and it begins at 1. (Parameter 'high')\nActual value was 1.",
            () => new RunningHistogram(1, 1));
    }

    [Fact]
    public void Histograms_of_other_bins_are_not_merged()
    {
        using RunningHistogram a = new(0, 1, 10), b = new(0, 2.5, 10);

        Messages.Same(
            "RunningHistogram cannot be merged into RunningHistogram: it has 10 bins from 0 to 2.5, this one 10 from 0 to 1. Nothing was added.",
            () => a.Merge(b));
    }
}
