using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class MomentsTests
{
    // Of data 1e6 away from zero and 3 wide.
    private const double Rounding = 1e-7;

    [Fact]
    public void Mean_is_that_of_all_samples_batched_or_merged() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningMean batched = samples.AddTo(new RunningMean()), merged = samples.Merge(() => new RunningMean());
        Tensor expected = samples.All.mean([0]);

        TensorAssert.Near(expected, batched.Mean(), Rounding);
        TensorAssert.Near(expected, merged.Mean(), Rounding);
        Assert.Equal([samples.All.shape[0], samples.All.shape[0]], new[] { batched.Count, merged.Count });
    });

    [Fact]
    public void Variance_is_that_of_all_samples_batched_or_merged() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningVariance batched = samples.AddTo(new RunningVariance()), merged = samples.Merge(() => new RunningVariance());
        Tensor expected = samples.All.var(0, unbiased: false);

        foreach (RunningVariance variance in new[] { batched, merged })
        {
            TensorAssert.Near(samples.All.mean([0]), variance.Mean(), Rounding);
            TensorAssert.Near(expected, variance.Variance(unbiased: false), Rounding);
            TensorAssert.Near(expected.sqrt(), variance.StandardDeviation(unbiased: false), Rounding);
            if (samples.All.shape[0] > 1)
                TensorAssert.Near(samples.All.var(0), variance.Variance(), Rounding);
        }
    });

    [Fact]
    public void Covariance_is_that_of_all_samples_batched_or_merged() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningCovariance batched = samples.AddTo(new RunningCovariance()), merged = samples.Merge(() => new RunningCovariance());
        Tensor centred = samples.All - samples.All.mean([0]);
        Tensor expected = centred.t().mm(centred) / (double)samples.All.shape[0];

        foreach (RunningCovariance covariance in new[] { batched, merged })
        {
            TensorAssert.Near(samples.All.mean([0]), covariance.Mean(), Rounding);
            TensorAssert.Near(expected, covariance.Covariance(unbiased: false), Rounding);
            TensorAssert.Near(expected.diagonal(), covariance.Variance(unbiased: false), Rounding);
        }
    });

    [Fact]
    public void Second_moment_is_that_of_all_samples_batched_or_merged() => Samples.Check(Samples.Any(), samples =>
    {
        using RunningSecondMoment batched = samples.AddTo(new RunningSecondMoment()), merged = samples.Merge(() => new RunningSecondMoment());
        Tensor expected = samples.All.t().mm(samples.All) / (double)samples.All.shape[0];
        double scale = expected.abs().max().ToDouble() + 1;

        TensorAssert.Near(expected / scale, batched.SecondMoment() / scale, 1e-12);
        TensorAssert.Near(expected / scale, merged.SecondMoment() / scale, 1e-12);
    });

    [Fact]
    public void Correlation_is_one_with_oneself_and_minus_one_with_the_opposite()
    {
        using DisposeScope scope = NewDisposeScope();
        using var covariance = new RunningCovariance();
        Tensor x = Samples.Make(1, 50, 1, kind: 1);
        covariance.Add(cat([x, -x * 2, x.square(), zeros_like(x)], 1));

        Tensor correlation = covariance.Correlation();

        TensorAssert.Near(tensor(new[,] { { 1.0, -1 }, { -1, 1 } }), correlation.narrow(0, 0, 2).narrow(1, 0, 2), 1e-9);
        TensorAssert.Near(correlation.nan_to_num(), correlation.t().nan_to_num(), 1e-12);
        Assert.True(correlation[3].isnan().all().ToBoolean());
    }

    [Fact]
    public void Variance_keeps_its_precision_far_from_zero_where_sums_of_squares_lose_it()
    {
        using DisposeScope scope = NewDisposeScope();
        using var variance = new RunningVariance();
        for (int i = 0; i < 100; i++)
            variance.Add(tensor(new[] { 1e9 + 1, 1e9 - 1 }).view(2, 1));

        Assert.Equal(1, variance.Variance(unbiased: false).item<double>(), 6);
    }

    [Fact]
    public void Single_precision_activations_are_accumulated_in_double()
    {
        using DisposeScope scope = NewDisposeScope();
        using var mean = new RunningMean();
        for (int i = 0; i < 10; i++)
            mean.Add(full([4096, 1], 0.1f, float32));

        Assert.Equal(float64, mean.Mean().dtype);
        Assert.Equal(0.1f, mean.Mean().item<double>(), 15);
    }

    [Fact]
    public void A_batch_larger_than_what_is_converted_at_once_is_added_whole()
    {
        using DisposeScope scope = NewDisposeScope();
        using var variance = new RunningVariance();
        Tensor large = Samples.Make(1, (1 << 20) + 7, 5, kind: 0).to(float32);
        variance.Add(large);

        Assert.Equal(large.shape[0], variance.Count);
        TensorAssert.Near(large.to(float64).var(0), variance.Variance(), 1e-10);
    }

    [Fact]
    public void One_sample_has_no_unbiased_variance()
    {
        using DisposeScope scope = NewDisposeScope();
        using var variance = new RunningVariance();
        variance.Add(tensor(new[] { 3.0 }));

        Assert.Equal(0, variance.Variance(unbiased: false).item<double>());
        Assert.True(double.IsNaN(variance.Variance().item<double>()));
    }
}
