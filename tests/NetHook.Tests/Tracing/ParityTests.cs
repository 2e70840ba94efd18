using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>The CNN and the LSTM recorded from the original nethook; see tests/data/parity/README.md.</summary>
public class ParityTests
{
    private static Dictionary<string, Tensor> Recorded(string name) =>
        SafetensorsFile.Load(Path.Combine(AppContext.BaseDirectory, "data", "parity", name + ".safetensors"));

    private static void Load(nn.Module net, Dictionary<string, Tensor> recorded)
    {
        var weights = recorded.Where(entry => entry.Key.StartsWith("weight/", StringComparison.Ordinal)).ToDictionary(entry => entry.Key["weight/".Length..], entry => entry.Value);
        foreach ((string name, Tensor tensor) in net.state_dict())
        {
            using IDisposable quiet = no_grad();
            if (!name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                tensor.copy_(weights[name]);
        }
    }

    private static TorchSharp.Modules.Sequential Cnn(Dictionary<string, Tensor> recorded)
    {
        Sequential net = nn.Sequential(
            ("stem", nn.Sequential(("conv", nn.Conv2d(3, 6, 3, padding: 1)), ("bn", nn.BatchNorm2d(6)), ("relu", nn.ReLU(inplace: true)))),
            ("pool", nn.MaxPool2d(2)),
            ("body", nn.Sequential(("conv", nn.Conv2d(6, 8, 3, stride: 2)), ("relu", nn.ReLU()))),
            ("flat", nn.Flatten()),
            ("fc", nn.Linear(72, 5)));
        Load(net, recorded);
        net.eval();
        return net;
    }

    [Fact]
    public void Cnn_outputs_of_every_layer()
    {
        Dictionary<string, Tensor> recorded = Recorded("cnn");
        using Sequential net = Cnn(recorded);
        var layers = recorded.Keys.Where(key => key.StartsWith("output/", StringComparison.Ordinal)).Select(key => key["output/".Length..]).ToList();
        Assert.NotEmpty(layers);
        using var traces = new TraceDict(net, layers, new() { Clone = true, Detach = true });
        TensorAssert.Near(recorded["result"], net.call(recorded["input"]));
        Assert.All(layers, layer => TensorAssert.Near(recorded["output/" + layer], traces[layer].Output));
    }

    [Fact]
    public void Cnn_gradients_of_retained_outputs()
    {
        Dictionary<string, Tensor> recorded = Recorded("cnn");
        using Sequential net = Cnn(recorded);
        var layers = recorded.Keys.Where(key => key.StartsWith("grad/", StringComparison.Ordinal)).Select(key => key["grad/".Length..]).ToList();
        Assert.Equal(4, layers.Count);
        using var traces = new TraceDict(net, layers, new() { RetainGrad = true });
        (net.call(recorded["input"]) * recorded["loss_weight"]).sum().backward();
        Assert.All(layers, layer => TensorAssert.Near(recorded["grad/" + layer], traces[layer].Gradient));
    }

    [Fact]
    public void Cnn_edits()
    {
        Dictionary<string, Tensor> recorded = Recorded("cnn");
        using Sequential net = Cnn(recorded);
        using IDisposable quiet = no_grad();
        using var traces = new TraceDict(net, ["stem", "pool"], new()
        {
            EditOutput = (Tensor output, string layer) =>
            {
                if (layer == "pool")
                    return output * 2;
                Tensor edited = output.clone();
                edited[TensorIndex.Colon, 2] = 0;
                return edited;
            },
        });
        TensorAssert.Near(recorded["edited/result"], net.call(recorded["input"]));
        TensorAssert.Near(recorded["edited/stem"], traces["stem"].Output);
        TensorAssert.Near(recorded["edited/pool"], traces["pool"].Output);
    }

    [Fact]
    public void Cnn_stop()
    {
        Dictionary<string, Tensor> recorded = Recorded("cnn");
        using Sequential net = Cnn(recorded);
        using var trace = new Trace(net, "body.conv", new() { Stop = true });
        trace.Run(() => net.call(recorded["input"]));
        TensorAssert.Near(recorded["stopped/body.conv"], trace.Output);
    }

    [Fact]
    public void Lstm_outputs_of_every_layer()
    {
        Dictionary<string, Tensor> recorded = Recorded("lstm");
        using var net = new Lstm();
        Load(net, recorded);
        net.eval();
        using var traces = new TraceDict(net, ["embed", "rnn", "head"], new() { Clone = true, Detach = true });
        TensorAssert.Near(recorded["result"], net.call(recorded["input"]));
        TensorAssert.Near(recorded["output/embed"], traces["embed"].Output);
        TensorAssert.Near(recorded["output/head"], traces["head"].Output);
        (Tensor y, Tensor h, Tensor c) = traces["rnn"].OutputAs<(Tensor, Tensor, Tensor)>();
        TensorAssert.Near(recorded["output/rnn.0"], y);
        TensorAssert.Near(recorded["output/rnn.h"], h);
        TensorAssert.Near(recorded["output/rnn.c"], c);
    }

    private sealed class Lstm : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.Embedding embed = nn.Embedding(11, 6);
        public readonly TorchSharp.Modules.LSTM rnn = nn.LSTM(6, 7, batchFirst: true);
        public readonly TorchSharp.Modules.Linear head = nn.Linear(7, 4);

        public Lstm()
            : base(nameof(Lstm)) => RegisterComponents();

        public override Tensor forward(Tensor input) => head.call(rnn.call(embed.call(input), null).Item1[TensorIndex.Colon, -1]);
    }
}
