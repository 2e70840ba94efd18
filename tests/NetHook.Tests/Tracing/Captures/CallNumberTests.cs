using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Number, count and content of calls are always those of one call, whatever other threads do meanwhile.</summary>
public class CallNumberTests
{
    public static TheoryData<CallHistory> Histories => [CallHistory.Last, CallHistory.LastOf(3), CallHistory.All];

    [Theory]
    [MemberData(nameof(Histories), DisableDiscoveryEnumeration = true)]
    public void Call_is_listed_under_its_own_number(CallHistory history)
    {
        // One thread runs the layer with the numbers from 0: a call's content is its number.
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.alias());
        using var trace = new Trace(layer, null, new() { History = history, RetainInput = true });
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                using Tensor x = tensor((double)i);
                layer.call(x).Dispose();
            }
        });
        thread.Start();
        while (thread.IsAlive)
        {
            using DisposeScope scope = NewDisposeScope();
            if (trace.CallCount == 0 || trace.Calls is not [.., var call])
                continue;
            try
            {
                Assert.Equal(call.Number, (long)call.Output.ToDouble());
                Assert.Equal(call.Number, (long)call.Input.ToDouble());
            }
            catch (InvalidOperationException)
            {
                // The layer ran again: the call is not kept any more.
            }
        }

        Assert.Equal(5000, trace.CallCount);
        Assert.Equal(4999, trace.Calls[^1].Number);
    }

    [Theory]
    [MemberData(nameof(Histories), DisableDiscoveryEnumeration = true)]
    public void Call_that_is_counted_can_be_read(CallHistory history)
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.alias());
        for (int i = 0; i < 200; i++)
        {
            using var trace = new Trace(layer, null, new() { History = history });
            var thread = new Thread(() => layer.call(ones(1)).Dispose());
            thread.Start();
            while (trace.CallCount == 0)
                Thread.SpinWait(1);
            trace.Output.Dispose();
            Assert.Single(trace.Calls);
            thread.Join();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Count_is_never_negative_beside_Clear(bool keeps)
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.alias());
        using var trace = new Trace(layer, null, new() { RetainOutput = keeps });
        using var stop = new CancellationTokenSource();
        Thread[] threads =
        [
            new(() =>
            {
                while (!stop.IsCancellationRequested)
                    layer.call(ones(1)).Dispose();
            }),
            new(() =>
            {
                while (!stop.IsCancellationRequested)
                    trace.Clear();
            }),
        ];
        foreach (Thread thread in threads)
            thread.Start();
        for (int i = 0; i < 200_000; i++)
            Assert.True(trace.CallCount >= 0);
        stop.Cancel();
        foreach (Thread thread in threads)
            thread.Join();
    }

    [Theory]
    [MemberData(nameof(Histories), DisableDiscoveryEnumeration = true)]
    public void Count_and_calls_agree_once_threads_that_ran_and_cleared_are_done(CallHistory history)
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.alias());
        using var trace = new Trace(layer, null, new() { History = history });
        for (int round = 0; round < 100; round++)
        {
            Thread[] threads = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                for (int i = 0; i < 20; i++)
                    layer.call(ones(1)).Dispose();
            }))];
            foreach (Thread thread in threads)
                thread.Start();
            trace.Clear();
            foreach (Thread thread in threads)
                thread.Join();
            Assert.Equal(Math.Min(trace.CallCount, history.Capacity), trace.Calls.Count);
            Assert.Equal(trace.CallCount, trace.Calls.Select(call => call.Number + 1).LastOrDefault());
        }
    }
}
