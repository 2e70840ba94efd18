using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class InferenceModeTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int> Every => [.. Enumerable.Range(0, StatisticInputTests.New().Count)];

    [Theory]
    [MemberData(nameof(Every))]
    public void A_statistic_begun_in_inference_mode_goes_on_outside_it(int index)
    {
        using RunningStatistic statistic = New(index), plain = New(index);
        (Tensor first, Tensor second) = (Samples.Make(1, 50, 3, kind: 0).to(float32), Samples.Make(2, 50, 3, kind: 0));

        using (inference_mode())
        {
            statistic.Add(first);
            statistic.Add(first.to(float64) * 2);
        }

        statistic.Add(second);
        plain.Add(first);
        plain.Add(first.to(float64) * 2);
        plain.Add(second);
        AssertSame(plain, statistic);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void A_statistic_merged_or_read_in_inference_mode_goes_on_outside_it(int index)
    {
        using RunningStatistic merged = New(index), plain = New(index);
        Tensor samples = Samples.Make(1, 50, 3, kind: 0);
        plain.Add(samples);
        string path = _folder["s.safetensors"];

        RunningStatistic read;
        using (inference_mode())
        {
            merged.Merge(plain);
            merged.Save(path);
            read = RunningStatistic.Load<RunningStatistic>(path);
        }

        merged.Add(samples);
        read.Add(samples);
        plain.Add(samples);
        AssertSame(plain, merged);
        AssertSame(plain, read);
        read.Dispose();
    }

    [Fact]
    public void A_result_read_in_inference_mode_can_be_changed_outside_it()
    {
        using var variance = new RunningVariance();
        variance.Add(ones(3, 2));
        Tensor deviation;
        using (inference_mode())
            deviation = variance.StandardDeviation();

        Assert.Equal([1.0, 1.0], deviation.add_(1).data<double>().ToArray());
    }

    [Fact]
    public void The_mode_is_as_it_was_afterwards()
    {
        using RunningMean mean = new(), other = new();
        other.Add(ones(1, 2));
        Assert.True(is_grad_enabled());

        using (no_grad())
        {
            Use();
            Assert.False(is_grad_enabled());
        }

        using (inference_mode())
        {
            Use();
            Assert.True(is_inference_mode_enabled());
            Assert.False(is_grad_enabled());
        }

        Assert.True(is_grad_enabled());

        void Use()
        {
            mean.Add(ones(1, 2));
            mean.Merge(other);
            mean.Mean().Dispose();
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private static RunningStatistic New(int index) => StatisticInputTests.New()[index];

    private static void AssertSame(RunningStatistic expected, RunningStatistic actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((KeyValuePair<string, Tensor> one, KeyValuePair<string, Tensor> other) in expected.State.All.Zip(actual.State.All))
            TensorAssert.Near(one.Value, other.Value, 1e-12);
        if (expected is not CombinedStatistic combined)
            return;
        foreach ((string name, RunningStatistic part) in combined.Parts)
            AssertSame(part, ((CombinedStatistic)actual).Parts[name]);
    }
}
