using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Run recognises its own stop when tasks, loops, reflection or the model have wrapped it, and no other.</summary>
public class WrappedStopTests
{
    private readonly Sequential _net = Models.Small();
    private readonly Tensor _x = randn(2, 3);

    public static TheoryData<string> Ways => ["task", "parallel", "reflection", "task in reflection", "the model's own"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void Own_stop_ends_Run_quietly_however_it_is_wrapped(string way)
    {
        using var trace = new Trace(_net, "a", new() { Stop = true });
        Assert.Null(trace.Run(() => Pass(way)));
        Assert.True(trace.CallCount > 0);
        trace.Run(() => { Pass(way); });
        using var traces = new TraceDict(_net, ["b", "a"], new() { Stop = true });
        trace.Dispose();
        Assert.Null(traces.Run(() => Pass(way)));
        traces.Run(() => { Pass(way); });
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Stop_of_another_trace_passes_through_as_it_was_wrapped(string way)
    {
        using var other = new Trace(_net, "a", new() { Stop = true });
        using var trace = new Trace(_net, "c", new() { Stop = true });
        using var traces = new TraceDict(_net, ["c"], new() { Stop = true });
        Assert.IsNotType<StopForwardException>(Assert.ThrowsAny<Exception>(() => trace.Run(() => { Pass(way); })));
        Assert.IsNotType<StopForwardException>(Assert.ThrowsAny<Exception>(() => traces.Run(() => { Pass(way); })));
    }

    [Fact]
    public void Stop_beside_a_failure_passes_through()
    {
        using var trace = new Trace(_net, "a", new() { Stop = true });
        Assert.Throws<AggregateException>(() => trace.Run(() => Task.WaitAll(
            Task.Run(() => _net.call(_x), TestContext.Current.CancellationToken),
            Task.Run(() => throw new NotSupportedException(), TestContext.Current.CancellationToken))));
    }

    private Tensor Pass(string way) => way switch
    {
        "task" => Task.Run(() => _net.call(_x)).Result,
        "parallel" => Loop(),
        "reflection" => Reflect(),
        "task in reflection" => (Tensor)new Func<Tensor>(() => Task.Run(Reflect).Result).DynamicInvoke()!,
        _ => Wrap(),
    };

    private Tensor Loop()
    {
        Parallel.For(0, 4, _ => _net.call(_x));
        return _x;
    }

    private Tensor Reflect() => (Tensor)typeof(nn.Module<Tensor, Tensor>).GetMethod("call")!.Invoke(_net, BindingFlags.Default, null, [_x], null)!;

    private Tensor Wrap()
    {
        try
        {
            return _net.call(_x);
        }
        catch (Exception exception)
        {
            throw new NotSupportedException("a layer failed", exception);
        }
    }
}
