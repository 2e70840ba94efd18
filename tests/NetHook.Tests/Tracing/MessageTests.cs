using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What users read when they ask for what cannot be given.</summary>
public class MessageTests
{
    [Fact]
    public void Layer_that_did_not_run()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused");
        net.call(randn(1, 3));
        Messages.Same(
            "Layer 'unused' (Linear) has not run since the trace was made or cleared. Either no forward pass reached it, or it was run "
            + "where hooks are not seen: they run through call(), not through forward(), and not inside native or scripted modules.",
            () => trace.Output);
        LayerNotRunException exception = Assert.Throws<LayerNotRunException>(() => trace.Output);
        Assert.Equal(("unused", typeof(TorchSharp.Modules.Linear), 0L), (exception.Layer, exception.LayerType, exception.CallsInOtherFlows));
    }

    [Fact]
    public void Layer_run_through_forward_is_not_seen_and_the_message_says_why()
    {
        using Linear layer = nn.Linear(3, 3);
        using var trace = new Trace(layer);
        layer.forward(randn(1, 3));
        Assert.Contains("not through forward()", Assert.Throws<LayerNotRunException>(() => trace.Output).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_kept()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainOutput = false });
        net.call(randn(1, 3));
        Messages.Same("The output of layer 'a' (Linear) is not kept. Trace it with RetainOutput = true.", () => trace.Output);
        Messages.Same("The input of layer 'a' (Linear) is not kept. Trace it with RetainInput = true.", () => trace.Input);
        Messages.Same("The gradient of layer 'a' (Linear) is not kept. Trace it with RetainGrad = true.", () => trace.Gradient);
    }

    [Fact]
    public void Holder_of_modules_that_is_never_called()
    {
        using var net = new Holder();
        Messages.Same(
            "Layer 'blocks' (ModuleList<Linear>) is never called: it is no Module<T, TResult>, only a holder of modules. Trace its children: 0, 1.",
            () => new Trace(net, "blocks"));
    }

    [Fact]
    public void Debug_text_names_layer_and_kind()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { Stop = true });
        Assert.Equal("Trace of 'a' (Linear): output, stop", trace.ToString());
    }

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.ModuleList<TorchSharp.Modules.Linear> blocks = nn.ModuleList(nn.Linear(2, 2), nn.Linear(2, 2));

        public Holder()
            : base(nameof(Holder)) => RegisterComponents();

        public override Tensor forward(Tensor input) => blocks.Aggregate(input, (x, layer) => layer.call(x));
    }
}
