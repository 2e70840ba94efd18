using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>TraceScope.CurrentFlow: a trace sees only the calls of its own flow of execution.</summary>
public class FlowTests
{
    private static readonly TraceOptions Mine = new() { Scope = TraceScope.CurrentFlow };

    [Fact]
    public void Calls_of_other_flows_are_neither_seen_edited_nor_stopped()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var go = new ManualResetEventSlim();
        float result = 0f;
        var other = new Thread(() =>
        {
            go.Wait(TestContext.Current.CancellationToken);
            result = layer.call(ones(1)).ToSingle();
        });
        other.Start();
        using var trace = new Trace(layer, null, new() { Scope = TraceScope.CurrentFlow, Stop = true, EditOutput = (Tensor output) => output * 100 });
        go.Set();
        other.Join();
        Assert.Equal(2f, result);
        Messages.Same(
            "Layer '' (the model itself, FunctionLayer) has not run in the flow that this trace belongs to; it ran 1 time in others. "
            + "Make the trace where the forward pass is made, or trace with Scope = TraceScope.AllCalls.",
            () => trace.Output);
        trace.Run(() => layer.call(ones(1)));
        Assert.Equal(200f, trace.Output.ToSingle());
    }

    [Fact]
    public async Task Flow_goes_along_with_awaits_and_with_tasks_started_later()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var trace = new Trace(layer, null, Mine);
        await Task.Yield();
        layer.call(ones(1));
        Assert.Equal(1, trace.CallCount);
        await Task.Run(() => layer.call(ones(1)), TestContext.Current.CancellationToken);
        Assert.Equal(2, trace.CallCount);
    }

    [Fact]
    public void Children_of_a_flow_have_traces_of_their_own_and_the_parent_sees_them_all()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var parent = new Trace(layer, null, Mine);
        Parallel.For(0, 8, i =>
        {
            using var trace = new Trace(layer, null, Mine);
            for (int n = 0; n < 50; n++)
            {
                layer.call(tensor((float)i));
                Assert.Equal(2f * i, trace.Output.ToSingle());
            }

            Assert.Equal(50, trace.CallCount);
        });
        Assert.Equal(400, parent.CallCount);
    }

    [Fact]
    public void Eight_threads_of_a_thousand_requests_each_never_meet()
    {
        using Sequential net = Models.Small();
        using IDisposable _ = no_grad();
        Tensor[] expected = Enumerable.Range(0, 8).Select(i => net.call(full(1, 3, (float)i))).ToArray();
        var failures = new List<Exception>();
        Thread[] threads = Enumerable.Range(0, 8).Select(i => new Thread(() => Guarded(i))).ToArray();
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Empty(failures);
        Assert.Equal(0, Hooks.Count(net));

        void Guarded(int i)
        {
            try
            {
                Requests(i);
            }
            catch (Exception failure)
            {
                lock (failures)
                    failures.Add(failure);
            }
        }

        void Requests(int i)
        {
            using IDisposable quiet = no_grad();
            for (int n = 0; n < 1000; n++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor x = full(1, 3, (float)i);
                switch (n % 3)
                {
                    case 0:
                        using (var trace = new Trace(net, "c", Mine))
                        {
                            TensorAssert.Same(expected[i], net.call(x));
                            TensorAssert.Same(expected[i], trace.Output);
                            Assert.Equal(1, trace.CallCount);
                        }

                        break;
                    case 1:
                        using (var edit = new Trace(net, "c", new() { Scope = TraceScope.CurrentFlow, EditOutput = (Tensor output) => output + i }))
                            TensorAssert.Same(expected[i] + i, net.call(x));
                        break;
                    default:
                        using (var stop = new Trace(net, "a", new() { Scope = TraceScope.CurrentFlow, Stop = true, Clone = true }))
                        {
                            stop.Run(() => net.call(x));
                            Assert.Equal(1, stop.CallCount);
                        }

                        TensorAssert.Same(expected[i], net.call(x));
                        break;
                }
            }
        }
    }

    [Fact]
    public void Many_traces_made_one_after_the_other_in_one_flow_leave_nothing_behind()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        var first = new WeakReference(null);
        MakeAndDrop();
        for (int i = 0; i < 1000; i++)
        {
            using var trace = new Trace(layer, null, Mine);
        }

        GC.Collect();
        Assert.False(first.IsAlive, "a disposed trace is not kept by the flow");

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void MakeAndDrop()
        {
            using var trace = new Trace(layer, null, Mine);
            first.Target = trace;
        }
    }

    [Fact]
    public void Traces_disposed_out_of_order_do_not_disturb_each_other()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        var outer = new Trace(layer, null, Mine);
        var inner = new Trace(layer, null, Mine);
        outer.Dispose();
        layer.call(ones(1));
        Assert.Equal(1, inner.CallCount);
        using var third = new Trace(layer, null, Mine);
        inner.Dispose();
        layer.call(ones(1));
        Assert.Equal(1, third.CallCount);
    }

    [Fact]
    public void TraceDict_belongs_to_one_flow()
    {
        using Sequential net = Models.Small();
        using var go = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            go.Wait(TestContext.Current.CancellationToken);
            net.call(ones(1, 3));
        });
        other.Start();
        using var traces = new TraceDict(net, ["a", "c"], Mine);
        go.Set();
        other.Join();
        Assert.All(traces.Values, trace => Assert.Equal(0, trace.CallCount));
        net.call(ones(1, 3));
        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
    }
}
