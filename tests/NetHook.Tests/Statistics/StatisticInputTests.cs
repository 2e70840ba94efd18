using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class StatisticInputTests
{
    public static TheoryData<RunningStatistic> Every => [.. New()];

    [Theory]
    [MemberData(nameof(Every), DisableDiscoveryEnumeration = true)]
    public void Leading_dimensions_are_samples(RunningStatistic statistic)
    {
        using DisposeScope scope = NewDisposeScope();
        statistic.Add(ones(2, 3, 4));
        statistic.Add(ones(4));
        statistic.Add(ones(0, 4));

        Assert.Equal(7, statistic.Count);
        Assert.Equal(4, statistic.Features);
        statistic.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Bool)]
    public void Every_real_type_is_taken(ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (RunningStatistic statistic in New())
        {
            statistic.Add(ones([3, 2], dtype));
            Assert.Equal(3, statistic.Count);
            statistic.Dispose();
        }
    }

    [Fact]
    public void Activations_stay_as_they_are()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (RunningStatistic statistic in New())
        {
            // Shapes for which a view, a transposition or a conversion could be the caller's own storage.
            foreach (Tensor activations in new[] { randn(5, 3, float64), randn(5, 1, float64), randn(1, 3, float64).t(), randn(4, 5, float64)[.., 1..4] })
            {
                using RunningStatistic fresh = New().Single(other => other.GetType() == statistic.GetType());
                Tensor before = activations.clone();
                fresh.Add(activations);
                TensorAssert.Same(before, activations);
                var kept = fresh.State.All.Select(pair => pair.Value.clone()).ToList();
                activations.fill_(7);
                Assert.All(kept.Zip(fresh.State.All), pair => TensorAssert.Same(pair.First, pair.Second.Value));
            }

            statistic.Dispose();
        }
    }

    [Fact]
    public void Autograd_does_not_see_what_is_added()
    {
        using DisposeScope scope = NewDisposeScope();
        using var variance = new RunningVariance();
        variance.Add(randn(3, 2, requires_grad: true) * 2);

        Assert.False(variance.Variance().requires_grad);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        long before = Live.Tensors;
        using (NewDisposeScope())
        {
            foreach (RunningStatistic statistic in New())
            {
                using RunningStatistic other = New().Single(other => other.GetType() == statistic.GetType());
                long held = Live.Tensors;
                Tensor activations = randn(700, 3);
                for (int i = 0; i < 5; i++)
                    statistic.Add(activations);
                other.Add(activations);
                other.Merge(statistic);
                activations.Dispose();

                Assert.Equal(held + statistic.State.All.Count() + other.State.All.Count() + PartsOf(statistic) + PartsOf(other), torch.Tensor.TotalCount);
                statistic.Dispose();
            }
        }

        Assert.Equal(before, Live.Tensors);

        static int PartsOf(RunningStatistic statistic) =>
            statistic is CombinedStatistic combined ? combined.Parts.Values.Sum(part => part.State.All.Count()) : 0;
    }

    [Fact]
    public void Accumulators_outlive_the_scope_in_which_they_were_made()
    {
        using var mean = new RunningMean();
        using (NewDisposeScope())
            mean.Add(ones(3, 2));
        using Tensor result = mean.Mean();

        Assert.Equal([1.0, 1.0], result.data<double>().ToArray());
    }

    [Fact]
    public void Result_survives_the_statistic()
    {
        var mean = new RunningMean();
        mean.Add(ones(3, 1));
        using Tensor result = mean.Mean();
        mean.Dispose();

        Assert.Equal(1, result.item<double>());
        Assert.Throws<ObjectDisposedException>(() => mean.Mean());
        Assert.Throws<ObjectDisposedException>(() => mean.Add(ones(1)));
    }

    [Fact]
    public void What_cannot_be_added_is_refused_and_changes_nothing()
    {
        using DisposeScope scope = NewDisposeScope();
        using var variance = new RunningVariance();
        variance.Add(ones(2, 3));
        Tensor holes = ones(2, 4, 3);
        holes[1, 2, 0] = float.NaN;
        Tensor endless = ones(2, 3);
        endless[1, 1] = float.NegativeInfinity;

        Refused("a scalar, and takes activations of shape [..., features]", tensor(1f));
        Refused("activations of shape [2, 0], without features", ones(2, 0));
        Refused("activations of shape [2, 4] after some with 3 features", ones(2, 4));
        Refused("activations of shape [2, 4, 3] with NaN, the first at [1, 2, 0]", holes);
        Refused("activations of shape [2, 3] with infinity, the first at [1, 1]", endless);
        Refused("activations of type ComplexFloat32; add their real(), imag() or abs()", ones([2, 3], complex64));
        Refused("activations on the meta device, which have no values", ones(2, 3, device: META));
        Assert.Equal(2, variance.Count);
        TensorAssert.Same(zeros(3, float64), variance.Variance());

        void Refused(string why, Tensor activations) =>
            Messages.Same($"RunningVariance was given {why}. Nothing was added.", () => variance.Add(activations));
    }

    [Fact]
    public void Result_without_samples_is_refused()
    {
        using var top = new RunningTopK();

        Messages.Same("RunningTopK has no samples yet. Add activations first.", () => top.Values());
    }

    [Fact]
    public void What_cannot_be_merged_is_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using RunningMean mean = new(), wider = new();
        using var variance = new RunningVariance();
        mean.Add(ones(2, 3));
        wider.Add(ones(2, 4));

        Refused("RunningMean cannot be merged into RunningMean: it is the same object", mean);
        Refused("RunningVariance cannot be merged into RunningMean: they are of different types", variance);
        Refused("RunningMean cannot be merged into RunningMean: it has seen 4 features, this one 3", wider);
        Assert.Equal(2, mean.Count);

        void Refused(string why, RunningStatistic other) => Messages.Same($"{why}. Nothing was added.", () => mean.Merge(other));
    }

    internal static IReadOnlyList<RunningStatistic> New() =>
    [
        new RunningMean(), new RunningVariance(), new RunningCovariance(), new RunningSecondMoment(),
        new RunningQuantiles(32), new RunningHistogram(-3, 3, 5), new RunningTopK(4),
        new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["mean"] = new RunningMean(), ["top"] = new RunningTopK(3) }),
    ];
}
