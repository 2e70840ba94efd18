using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>
/// The library holds each tensor that it makes until it disposes it, in a scope of its own or by name: what is left to the collector
/// might be freed while native code reads it. Run outside of every scope, an operation leaves its result and nothing else.
/// </summary>
public sealed class TemporaryTensorTests
{
    private static readonly Tensor X = arange(24, ScalarType.Float32).reshape(8, 3).DetachFromDisposeScope();
    private static readonly nn.Module<Tensor, Tensor> Net = nn.Sequential(("fc", nn.Linear(3, 3)), ("relu", nn.ReLU()));

    private static readonly Dictionary<string, Func<object?>> Operations = new()
    {
        ["Interventions.Add"] = () => Make(vector => Interventions.Add(vector, 2)(X, "")),
        ["Interventions.ProjectOut"] = () => Make(vector => Interventions.ProjectOut(vector)(X, "")),
        ["Interventions.Mean"] = () => Interventions.Mean(0)(X, ""),
        ["Interventions.Noise"] = () => Interventions.Noise(1, 0)(X, ""),
        ["Interventions.Scale"] = () => Interventions.Scale(2)(X, ""),
        ["Interventions.Clamp"] = () => Interventions.Clamp(0, 1)(X, ""),
        ["Interventions.Replace"] = () => Interventions.Replace(X)(X, ""),
        ["Interventions.At"] = () => Interventions.Scale(2).At(Slice.Features(0, 2))(X, ""),
        ["RunningMean"] = () => Filled(new RunningMean(), statistic => statistic.Mean()),
        ["RunningVariance"] = () => Filled(new RunningVariance(), statistic => statistic.StandardDeviation()),
        ["RunningCovariance"] = () => Filled(new RunningCovariance(), statistic => statistic.Correlation()),
        ["RunningSecondMoment"] = () => Filled(new RunningSecondMoment(), statistic => statistic.SecondMoment()),
        ["RunningHistogram"] = () => Filled(new RunningHistogram(0, 10), statistic => statistic.Counts()),
        ["RunningTopK"] = () => Filled(new RunningTopK(2), statistic => statistic.Values()),
        ["RunningQuantiles"] = () => Filled(new RunningQuantiles(), statistic => statistic.Quantiles(0.1, 0.5)),
        ["RunningQuantiles.CumulativeProbability"] = () => Filled(new RunningQuantiles(), statistic => statistic.CumulativeProbability(3)),
        ["TensorTree.RecursiveCopy"] = () => TensorTree.RecursiveCopy(X, clone: true, detach: true),
        ["Trace.Output"] = () => Traced(new() { Clone = true, Detach = true, RetainInput = true }, trace => trace.Output),
        ["Trace.Input"] = () => Traced(new() { RetainInput = true }, trace => trace.Input),
        ["Summary"] = () => Net.Summary(() => Net.call(X).Dispose()).ToString(),
    };

    public static TheoryData<string> Names => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_leaves_no_tensor_to_the_collector(string name)
    {
        Func<object?> operation = Operations[name];
        long before = Left;
        object? result = operation();
        (result as Tensor)?.Dispose();

        Assert.Equal(before, Left);
    }

    [Fact]
    public void Temporary_tensor_is_found()
    {
        Tensor x = X;
        long before = Left;
        (x + x).sum().Dispose();

        Assert.Equal(before + 1, Left);
    }

    // Of this thread: what a finalizer disposes is counted for the finalizer's.
    private static long Left => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    private static Tensor Make(Func<Tensor, Tensor> use)
    {
        using Tensor vector = ones(3);
        return use(vector);
    }

    private static Tensor Filled<T>(T statistic, Func<T, Tensor> result)
        where T : RunningStatistic
    {
        using (statistic)
        {
            statistic.Add(X);
            statistic.Add(X);
            return result(statistic);
        }
    }

    private static Tensor Traced(TraceOptions options, Func<Trace, Tensor> read)
    {
        using var trace = new Trace(Net, "relu", options);
        Net.call(X).Dispose();
        return read(trace);
    }
}
