using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>One pass says of each layer whether traces see it, and if not, why.</summary>
public class VerifyTracingTests
{
    [Fact]
    public void Report_names_each_layer_and_counts_each_kind()
    {
        using var net = new Mixed();
        TracingReport report = net.VerifyTracing(() => net.call(ones(1, 2)));

        Assert.Equal(
            """
            9 layers: 3 seen, 3 run by forward(), 0 inside native code, 1 holding others, 2 not reached

            (the model)  Mixed               seen
            first        Linear              seen
            blocks       ModuleList<Module>  a holder
            blocks.0     Field               run by forward() in Mixed.forward
            blocks.0.fc  Linear              run by forward() in Field.forward
            blocks.1     Visible             run by forward() in Mixed.forward
            blocks.1.fc  Linear              seen
            unused       Field               not reached
            unused.fc    Linear              not reached

            Set NetHookRewriteForward in the project file, or write call(x) for forward(x).
            """,
            report.ToString());
        Assert.False(report.AllSeen);
        Assert.Equal(3, report.Count(LayerVisibility.RunByForward));
        VerifiedLayer layer = report.Layers[4];
        Assert.Equal(("blocks.0.fc", typeof(Linear), LayerVisibility.RunByForward), (layer.Path, layer.Type, layer.Visibility));
        Assert.Equal(("blocks.0", "Field.forward"), (layer.ForwardCall!.Module, layer.ForwardCall.MethodName));
        Assert.Equal("'blocks.0.fc' (Linear): run by forward() in Field.forward", layer.ToString());
    }

    [Fact]
    public void Model_run_by_call_is_seen_whole_and_counts_calls()
    {
        using var net = new TinyTransformer();
        Tensor ids = zeros(1, 1, int64);
        TracingReport report = net.VerifyTracing(() =>
        {
            net.call(ids);
            net.call(ids);
        });

        Assert.True(report.AllSeen);
        Assert.Equal(2, report.Layers[0].Calls);
        Assert.Contains("h.1.mlp.act", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("seen, 2 calls", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Layer_shared_at_two_paths_is_there_for_both()
    {
        using var net = new TinyTransformer();
        TracingReport report = net.VerifyTracing(() => net.call(zeros(1, 1, int64)));

        Assert.All(["h.0.attn", "shared"], path => Assert.Equal(LayerVisibility.Seen, report.Layers.Single(layer => layer.Path == path).Visibility));
    }

    [Fact]
    public void Shared_layer_run_by_forward_is_said_at_both_paths()
    {
        using var runs = new ForwardModels.Field();
        using Sequential net = Sequential(("one", runs), ("two", runs));
        TracingReport report = net.VerifyTracing(() => net.call(ones(1, 2)));

        Assert.Equal(["one", "two"], report.Layers.Select(layer => layer.ForwardCall?.Module).OfType<string>());
    }

    [Fact]
    public void Pass_that_runs_the_model_by_forward_is_said()
    {
        using var net = new ForwardModels.Visible();
        TracingReport report = net.VerifyTracing(() => net.forward(ones(1, 2)));

        Assert.Equal("VerifyTracingTests.Pass_that_runs_the_model_by_forward_is_said", report.Layers[0].ForwardCall!.MethodName);
        Assert.Equal(LayerVisibility.Seen, report.Layers[1].Visibility);
    }

    [Fact]
    public void Method_of_the_model_that_the_pass_calls_is_read()
    {
        using var net = new ForwardModels.Encoding();
        TracingReport report = net.VerifyTracing(() => net.Encode(ones(1, 2)));

        Assert.Equal([LayerVisibility.Holder, LayerVisibility.RunByForward], report.Layers.Select(layer => layer.Visibility));
    }

    [Fact]
    public void Overload_that_runs_no_hooks_is_told()
    {
        using TransformerEncoderLayer net = TransformerEncoderLayer(4, 2, 8);
        TracingReport report = net.VerifyTracing(() => net.call(ones(1, 1, 4), zeros(1, 1), zeros(1, 1, ScalarType.Bool)));

        Assert.EndsWith(
            "(the model)  TransformerEncoderLayer  not reached: TransformerEncoderLayer.call(src) runs hooks, its overloads with masks do not.",
            report.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Model_is_as_it_was_when_the_pass_throws()
    {
        using var net = new TinyTransformer();

        Assert.Throws<InvalidOperationException>(() => net.VerifyTracing(() => throw new InvalidOperationException("no")));
        Assert.Empty(net.ActiveTraces());
        Assert.Throws<ArgumentException>(() => net.VerifyTracing(async () => await Task.Yield()));
        Assert.Empty(net.ActiveTraces());
    }

    [Fact]
    public void Model_is_as_it_was_afterwards()
    {
        using var net = new Mixed();
        using Tensor x = ones(1, 2);
        using Tensor before = net.call(x);
        net.VerifyTracing(() => net.call(x).Dispose());

        Assert.Empty(net.ActiveTraces());
        Assert.Equal(before, net.call(x));
    }

    [Fact]
    public void Model_without_a_layer_that_is_called_is_reported()
    {
        using var net = new ModuleList<Module>(new ModuleList<Linear>());
        bool ran = false;

        Assert.Equal("2 layers: 0 seen, 0 run by forward(), 0 inside native code, 2 holding others, 0 not reached", net.VerifyTracing(() => { ran = true; }).Summary);
        Assert.True(ran);
    }

    [Fact]
    public void Stop_of_the_caller_goes_through()
    {
        using var net = new ForwardModels.Visible();
        using var trace = new Trace(net, "fc", new() { Stop = true });

        Assert.Throws<StopForwardException>(() => net.VerifyTracing(() => net.call(ones(1, 2))));
        Assert.Single(net.ActiveTraces());
    }

    [Fact]
    public void Traces_of_the_caller_go_on()
    {
        using var net = new ForwardModels.Visible();
        using var trace = new Trace(net, "fc", new() { EditOutput = (Tensor output) => output.zero_() });
        net.VerifyTracing(() => net.call(ones(1, 2)));

        Assert.Equal(1, trace.CallCount);
    }

    private sealed class Mixed : Module<Tensor, Tensor>
    {
        private readonly Linear first = Linear(2, 2);
        private readonly ModuleList<Module> blocks = new(new ForwardModels.Field(), new ForwardModels.Visible());
        private readonly ForwardModels.Field unused = new();

        public Mixed()
            : base(nameof(Mixed)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            x = first.call(x);
            foreach (Module block in blocks)
                x = ((Module<Tensor, Tensor>)block).forward(x);
            return x;
        }
    }
}
