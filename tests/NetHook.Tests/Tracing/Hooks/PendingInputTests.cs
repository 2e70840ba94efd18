using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Inputs on their way from the hook before a call to the hook after it: whose they are, and that none is left behind.</summary>
[Collection(LiveTensors.Name)]
public class PendingInputTests
{
    private static readonly TraceOptions Inputs = new() { RetainInput = true, RetainOutput = false, History = CallHistory.All };

    [Fact]
    public void Every_trace_of_a_layer_keeps_the_input()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var first = new Trace(layer, null, Inputs);
        using var second = new Trace(layer, null, Inputs);
        using var third = new Trace(layer, null, Inputs);
        for (int i = 0; i < 3; i++)
            layer.call(tensor((double)i));
        foreach (Trace trace in new[] { first, second, third })
            Assert.Equal([0.0, 1, 2], trace.Calls.Select(call => call.Input.ToDouble()));
    }

    [Fact]
    public void Shared_layer_traced_by_all_its_paths_keeps_the_input_at_each()
    {
        Identity shared = nn.Identity();
        using Sequential net = nn.Sequential(("one", shared), ("relu", nn.ReLU()), ("two", shared));
        using var traces = new TraceDict(net, net.ModuleNames(), Inputs);
        net.call(tensor(-3.0));
        Assert.Equal(["one", "relu", "two"], traces.Keys);
        foreach (string path in new[] { "one", "two" })
            Assert.Equal([-3.0, 0.0], traces[path].Calls.Select(call => call.Input.ToDouble()));
    }

    [Fact]
    public void Recursive_calls_that_throw_leave_every_trace_the_right_input()
    {
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            if (x.ToDouble() < 0)
                throw new InvalidOperationException();
            if (x.ToDouble() > 1)
                layer!.call(x - 1);
            Assert.Throws<InvalidOperationException>(() => layer!.call(x - 10));
            return x * 2;
        });
        using var first = new Trace(layer, null, Inputs);
        using var second = new Trace(layer, null, Inputs);
        layer.call(tensor(3.0));
        foreach (Trace trace in new[] { first, second })
            Assert.Equal([1.0, 2.0, 3.0], trace.Calls.Select(call => call.Input.ToDouble()));
    }

    [Fact]
    public void Recursive_call_in_another_flow_leaves_the_outer_call_its_input()
    {
        ExecutionContext elsewhere = ExecutionContext.Capture()!;
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            if (x.ToDouble() > 1)
                ExecutionContext.Run(elsewhere.CreateCopy(), _ => layer!.call(tensor(1.0)), null);
            return x * 2;
        });
        using var trace = new Trace(layer, null, new() { RetainInput = true, Scope = TraceScope.CurrentFlow });
        layer.call(tensor(2.0));
        Assert.Equal(2.0, trace.Input.ToDouble());
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Inputs_of_passes_that_threw_do_not_pile_up()
    {
        using var net = new ScopedNet { Fail = true };
        using Tensor x = randn(2, 3);
        long before = Live.Tensors;
        using (var first = new Trace(net, null, Inputs))
        using (var second = new Trace(net, null, Inputs))
        {
            for (int i = 0; i < 50; i++)
                Assert.Throws<InvalidOperationException>(() => net.call(x));
            Assert.Equal(before + 2, torch.Tensor.TotalCount);
        }

        Assert.Equal(before, torch.Tensor.TotalCount);
        using var run = new Trace(net, null, Inputs);
        Assert.Throws<InvalidOperationException>(() => run.Run(() => net.call(x)));
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Input_of_a_pass_that_threw_on_another_thread_is_freed_on_dispose()
    {
        using var net = new ScopedNet { Fail = true };
        using Tensor x = randn(2, 3);
        long before = Live.Tensors;
        using (var trace = new Trace(net, null, Inputs))
        {
            var thread = new Thread(() => Assert.Throws<InvalidOperationException>(() => net.call(x)));
            thread.Start();
            thread.Join();
            Assert.Equal(before + 1, torch.Tensor.TotalCount);
        }

        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task Input_that_another_thread_takes_in_after_dispose_is_freed()
    {
        using Tensor x = randn(2, 3);
        using var inside = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        long before = Live.Tensors;
        var trace = new Trace(layer, null, new()
        {
            RetainInput = true,
            EditInput = (Tensor input) =>
            {
                inside.Release();
                go.Wait();
                return input;
            },
        });
        var pass = Task.Run(() => layer.call(x).Dispose(), TestContext.Current.CancellationToken);
        await inside.WaitAsync(TestContext.Current.CancellationToken);
        trace.Dispose();
        go.Release();
        await pass;
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Threads_that_run_one_layer_do_not_take_each_others_inputs()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var trace = new Trace(layer, null, new() { RetainInput = true, History = CallHistory.All });
        Thread[] threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (int n = 0; n < 500; n++)
                layer.call(tensor((double)i)).Dispose();
        })).ToArray();
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Equal(2000, trace.CallCount);
        Assert.All(trace.Calls, call => Assert.Equal(call.Input.ToDouble() * 2, call.Output.ToDouble()));
    }
}
