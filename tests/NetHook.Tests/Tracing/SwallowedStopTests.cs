using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>A stop that something in the model catches, so that the pass goes on.</summary>
public class SwallowedStopTests
{
    private const string Message =
        "The forward pass was stopped at layer 'fragile' (Linear) and went on: code around the layer caught the StopForwardException. What the "
        + "pass returned is not to be relied on. Let the exception through: catch (Exception e) when (e is not StopForwardException).";

    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Run_says_that_the_pass_went_on()
    {
        using var net = new Robust();
        using (var trace = new Trace(net, "fragile", new() { Stop = true }))
        {
            Messages.Same(Message, () => trace.Run(() => net.call(_x)));
            Messages.Same(Message, () => trace.Run(() => { net.call(_x); }));
        }

        using (var traces = new TraceDict(net, ["after", "fragile"], new() { Stop = true }))
            Messages.Same(Message, () => traces.Run(() => net.call(_x)));
        using (var all = new TraceDict(net, ["fragile"], new() { Stop = true, StopRule = StopRule.AllListed }))
            Messages.Same(Message, () => all.Run(() => net.call(_x)));
        using var own = new TraceDict(net, new Dictionary<string, TraceOptions> { ["fragile"] = new() { Stop = true }, ["after"] = new() });
        Messages.Same(Message, () => own.Run(() => net.call(_x)));
    }

    [Fact]
    public void Run_that_a_later_call_of_the_layer_stops_ends_quietly()
    {
        using var net = new Robust();
        using var trace = new Trace(net, "fragile", new() { Stop = true });
        Assert.Null(trace.Run(() =>
        {
            net.call(_x);
            return net.fragile.call(_x);
        }));
    }

    [Fact]
    public void Run_forgets_the_stop_of_the_pass_before()
    {
        using var net = new Robust();
        using var trace = new Trace(net, "fragile", new() { Stop = true });
        net.call(_x);
        Assert.Throws<InvalidOperationException>(() => trace.Run(() => net.call(_x)));
        Assert.Throws<LayerNotRunException>(() => trace.Run(() => net.after.call(_x)));
    }

    private sealed class Robust : nn.Module<Tensor, Tensor>
    {
        public readonly Linear fragile = nn.Linear(3, 3);
        public readonly Linear after = nn.Linear(3, 3);

        public Robust()
            : base(nameof(Robust)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            try
            {
                input = fragile.call(input);
            }
            catch (Exception)
            {
                // Falls back to the input.
            }

            return after.call(input);
        }
    }
}
