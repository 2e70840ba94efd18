using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Attaching and detaching: exact, and harmless to forward passes that run meanwhile.</summary>
public class AttachTests
{
    [Fact]
    public void Model_is_as_before_after_dispose_whatever_threw()
    {
        using var net = new ScopedNet();
        Tensor x = randn(2, 3);
        Tensor plain = net.call(x);
        net.Fail = true;
        using (var trace = new TraceDict(net, ["", "first", "body"], new() { RetainInput = true, EditOutput = (Tensor output) => output * 2 }))
            Assert.Throws<InvalidOperationException>(() => net.call(x));
        net.Fail = false;
        Assert.Equal(0, Hooks.Count(net));
        TensorAssert.Same(plain, net.call(x));
    }

    [Fact]
    public void Attaching_and_detaching_under_threads_of_inference_disturbs_none()
    {
        using Sequential net = Models.Small();
        using IDisposable quiet = no_grad();
        Tensor expected = net.call(ones(1, 3));
        using var stop = new CancellationTokenSource();
        int failures = 0;
        int passes = 0;
        Thread[] threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            using IDisposable none = no_grad();
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using DisposeScope scope = NewDisposeScope();
                    if (!net.call(ones(1, 3)).Equals(expected))
                        Interlocked.Increment(ref failures);
                    Interlocked.Increment(ref passes);
                }
                catch (Exception)
                {
                    Interlocked.Increment(ref failures);
                }
            }
        })).ToArray();
        foreach (Thread thread in threads)
            thread.Start();
        try
        {
            for (int i = 0; i < 20_000 || passes < 100; i++)
            {
                using var traces = new TraceDict(net, ["a", "b", "c"], new() { RetainInput = i % 2 == 0, Clone = i % 3 == 0 });
                if (i % 50 != 0)
                    continue;
                try
                {
                    traces["c"].Output.Dispose();
                }
                catch (LayerNotRunException)
                {
                    // No pass has come by yet.
                }
            }
        }
        finally
        {
            stop.Cancel();
            foreach (Thread thread in threads)
                thread.Join();
        }

        Assert.Equal(0, failures);
        Assert.Equal(0, Hooks.Count(net));
    }

    [Fact]
    public void Readers_and_passes_on_many_threads_share_one_trace()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        using var trace = new Trace(layer, null, new() { Clone = true });
        Thread[] passes = Enumerable.Range(0, 3).Select(i => new Thread(() =>
        {
            for (int n = 0; n < 3000; n++)
                layer.call(full(4, i + 1f)).Dispose();
        })).ToArray();
        foreach (Thread pass in passes)
            pass.Start();
        int read = 0;
        do
        {
            if (trace.CallCount == 0)
                continue;
            using DisposeScope scope = NewDisposeScope();
            try
            {
                float[] output = trace.Output.data<float>().ToArray();
                Assert.Contains(output[0], new[] { 2f, 4f, 6f });
                Assert.All(output, value => Assert.Equal(output[0], value));
                read++;
            }
            catch (LayerNotRunException)
            {
                // The first call has been counted and is not stored yet.
            }
        }
        while (passes.Any(pass => pass.IsAlive) || read == 0);

        Assert.Equal(9000, trace.CallCount);
    }

    [Fact]
    public void Trace_made_inside_a_hook_sees_the_calls_after_it()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        Trace? inner = null;
        using var outer = new Trace(layer, null, new()
        {
            EditOutput = (Tensor output) =>
            {
                inner ??= new Trace(layer);
                return output;
            },
        });
        layer.call(ones(1));
        Assert.Equal(0, inner!.CallCount);
        layer.call(ones(1));
        Assert.Equal(1, inner.CallCount);
        inner.Dispose();
    }

    [Fact]
    public void Trace_made_while_its_layer_runs_sees_the_output_and_says_that_it_missed_the_input()
    {
        Trace? trace = null;
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            trace ??= new Trace(layer!, null, new() { RetainInput = true });
            return x * 2;
        });
        layer.call(ones(1));

        // The pass enumerates the hooks that it finds when the layer has run, so the output is seen.
        Assert.Equal(2f, trace!.Output.ToSingle());
        Messages.Same("The input of layer '' (the model itself, FunctionLayer) was not seen: the trace was made while the layer ran.", () => trace.Input);
        layer.call(ones(1));
        Assert.Equal(1f, trace.Input.ToSingle());
        trace.Dispose();
    }

    [Fact]
    public void Trace_disposed_inside_its_own_edit_keeps_nothing_and_the_pass_goes_on()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 2);
        Trace? trace = null;
        trace = new Trace(layer, null, new()
        {
            EditOutput = (Tensor output) =>
            {
                trace!.Dispose();
                return output * 10;
            },
        });
        Assert.Equal(20f, layer.call(ones(1)).ToSingle());
        Assert.Equal(2f, layer.call(ones(1)).ToSingle());
        Assert.Equal(0, Hooks.Count(layer));
    }

    [Fact]
    public void ActiveTraces_lists_what_is_attached_by_layer_and_kind()
    {
        using var net = new ScopedNet();
        using var one = new Trace(net, "body.relu", new() { RetainInput = true, RetainGrad = true });
        using var two = new Trace(net.GetModule("body"), "relu", new() { RetainOutput = false, Stop = true, EditOutput = (Tensor output) => output });
        using var three = new Trace(net);
        net.first.register_forward_hook((_, _, _) => null!);
        Assert.Equal(
            ["'': output", "'body.relu': input, output, gradient", "'body.relu': edit of the output, stop"],
            net.ActiveTraces().Select(active => active.ToString()));
        Assert.Same(two, net.ActiveTraces()[2].Trace);
        two.Dispose();
        Assert.Equal(2, net.ActiveTraces().Count);
    }
}
