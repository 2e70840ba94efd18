using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class HistoryTests
{
    private static Trace Trace(nn.Module layer, CallHistory history) => new(layer, null, new() { History = history, RetainInput = true });

    private static nn.Module<Tensor, Tensor> Double() => Models.Layer(x => x * 2);

    [Fact]
    public void All_keeps_every_call_in_order()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Trace trace = Trace(layer, CallHistory.All);
        for (int i = 0; i < 5; i++)
            layer.call(tensor((double)i));
        Assert.Equal(5, trace.CallCount);
        Assert.Equal([0.0, 2, 4, 6, 8], trace.Calls.Select(call => call.Output.ToDouble()));
        Assert.Equal([0.0, 1, 2, 3, 4], trace.Calls.Select(call => call.Input.ToDouble()));
        Assert.Equal(8.0, trace.Output.ToDouble());
        Assert.Equal([0L, 1, 2, 3, 4], trace.Calls.Select(call => call.Number));
    }

    [Fact]
    public void LastOf_keeps_the_last_calls_and_counts_all()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Trace trace = Trace(layer, CallHistory.LastOf(2));
        for (int i = 0; i < 5; i++)
            layer.call(tensor((double)i));
        Assert.Equal(5, trace.CallCount);
        Assert.Equal([6.0, 8], trace.Calls.Select(call => call.Output.ToDouble()));
    }

    [Fact]
    public void Last_keeps_one()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Trace trace = Trace(layer, CallHistory.Last);
        Assert.Empty(trace.Calls);
        for (int i = 0; i < 3; i++)
            layer.call(tensor((double)i));
        Assert.Equal([2L], trace.Calls.Select(call => call.Number));
        Assert.Equal(4.0, trace.Calls[0].Output.ToDouble());
    }

    [Fact]
    public void Call_that_is_no_longer_kept_says_so()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Trace trace = Trace(layer, CallHistory.LastOf(2));
        layer.call(zeros(1));
        TracedCall first = trace.Calls[0];
        layer.call(zeros(1));
        layer.call(zeros(1));
        Messages.Same(
            "Call 0 of layer '' (the model itself, FunctionLayer) is not kept: the trace keeps the last 2 calls. "
            + "Trace with History = CallHistory.All, or read the call before the layer runs again.",
            () => first.Output);
        Assert.Equal("call 0 of layer '' (the model itself, FunctionLayer)", first.ToString());
    }

    [Fact]
    public void Call_listed_before_the_layer_ran_again_is_never_taken_for_the_call_after_it()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using var trace = new Trace(layer, null, new() { RetainInput = true, RetainGrad = true });
        layer.call(ones(1));
        TracedCall first = trace.Calls[0];
        Assert.Equal(2f, first.Output.ToSingle());
        layer.call(zeros(1)).sum().backward();
        const string message =
            "Call 0 of layer '' (the model itself, FunctionLayer) is not kept: the trace keeps the last call. "
            + "Trace with History = CallHistory.All, or read the call before the layer runs again.";
        Messages.Same(message, () => first.Output);
        Messages.Same(message, () => first.Input);
        Messages.Same(message, () => first.Gradient);
        Assert.Equal(0f, trace.Calls[0].Output.ToSingle());
        Assert.NotEqual(first, trace.Calls[0]);
        Assert.Equal(trace.Calls[0], trace.Calls[0]);
    }

    [Fact]
    public void Call_listed_while_threads_run_the_layer_is_the_same_call_at_every_read()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using var trace = new Trace(layer);
        int calls = 0;
        Thread[] threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 3000; i++)
                layer.call(tensor((double)Interlocked.Increment(ref calls))).Dispose();
        })).ToArray();
        foreach (Thread thread in threads)
            thread.Start();
        do
        {
            if (trace.Calls is not [var call])
                continue;
            try
            {
                double first = call.Output.ToDouble();
                for (int i = 0; i < 3; i++)
                    Assert.Equal(first, call.Output.ToDouble());
            }
            catch (InvalidOperationException)
            {
                // The layer ran again: the call is not kept any more.
            }
        }
        while (threads.Any(thread => thread.IsAlive));

        Assert.Equal(6000, trace.CallCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calls_are_counted_anew_after_Clear(bool all)
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Trace trace = Trace(layer, all ? CallHistory.All : CallHistory.Last);
        layer.call(zeros(1));
        layer.call(zeros(1));
        TracedCall old = trace.Calls[^1];
        trace.Clear();
        layer.call(ones(1));
        layer.call(ones(1));
        Assert.Equal(all ? [0L, 1] : [1L], trace.Calls.Select(call => call.Number));
        Assert.Equal("call 1 of layer '' (the model itself, FunctionLayer)", trace.Calls[^1].ToString());
        Messages.Same(
            "Call 1 of layer '' (the model itself, FunctionLayer) is not kept: the trace was cleared after it.",
            () => old.Output);
    }

    [Fact]
    public void Clear_and_dispose_free_every_call()
    {
        using nn.Module<Tensor, Tensor> layer = Double();
        using Tensor x = zeros(1);
        long before = Live.Tensors;
        Trace trace = Trace(layer, CallHistory.All);
        for (int i = 0; i < 10; i++)
            layer.call(x).Dispose();
        Assert.Equal(before + 20, torch.Tensor.TotalCount);
        trace.Clear();
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal(0, trace.CallCount);
        layer.call(x).Dispose();
        Assert.Equal(1, trace.CallCount);
        Assert.Single(trace.Calls);
        trace.Dispose();
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void History_of_no_calls_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CallHistory.LastOf(0));
        Assert.Equal(["last call", "last 3 calls", "all calls"], new[] { CallHistory.Last, CallHistory.LastOf(3), CallHistory.All }.Select(h => h.ToString()));
        Assert.Equal(CallHistory.Last, default);
        Assert.Equal(CallHistory.Last, CallHistory.LastOf(1));
    }
}
