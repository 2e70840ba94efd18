using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class LongRunTests
{
    [Fact]
    public void Ten_thousand_traced_passes_with_exceptions_at_random_leave_nothing_behind()
    {
        using var net = new ScopedNet();
        using Tensor x = randn(2, 3);
        using IDisposable quiet = no_grad();
        var random = new Random(7);
        bool editFails = false;
        Tensor Edit(Tensor output) => editFails ? throw new TimeZoneNotFoundException() : output * 2;
        long tensors = Live.Tensors;
        for (int i = 0; i < 10_000; i++)
        {
            net.Fail = random.Next(4) == 0;
            editFails = random.Next(4) == 0;
            using DisposeScope scope = NewDisposeScope();
            using var traces = new TraceDict(net, ["", "first", "body.linear"], new()
            {
                RetainInput = random.Next(2) == 0,
                Clone = random.Next(2) == 0,
                Detach = random.Next(2) == 0,
                EditOutput = random.Next(2) == 0 ? Edit : null,
                EditInput = random.Next(4) == 0 ? (Func<Tensor, Tensor>)(input => Edit(input)) : null,
                Stop = random.Next(3) == 0,
                History = random.Next(2) == 0 ? CallHistory.All : CallHistory.Last,
            });
            try
            {
                traces.Run(() => net.call(x));
            }
            catch (Exception exception) when (exception is InvalidOperationException or TimeZoneNotFoundException)
            {
            }
        }

        Assert.Equal(tensors, torch.Tensor.TotalCount);
        Assert.Equal(0, Hooks.Count(net));
    }
}
