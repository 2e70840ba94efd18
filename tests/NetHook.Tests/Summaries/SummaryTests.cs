using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class SummaryTests
{
    [Fact]
    public void Tree_with_types_shapes_parameters_calls_and_times()
    {
        using var net = new Sample();
        string text = net.Summary(() => net.call(randn(2, 3))).ToString();
        string[] lines = text.Split('\n');
        int beforeTimes = lines[0].IndexOf("Calls", StringComparison.Ordinal) + "Calls".Length;
        Assert.Equal(
            """
            Layer        Type                       Output                             Parameters  Calls
            --------------------------------------------------------------------------------------------
            (the model)  Sample                     [2, 4]                                    216      1
              stem       Linear                     [2, 4]                                     16      1
              blocks     ModuleList<Linear>                                                    20
                0        Linear                     [2, 4]                                     20      3
              again      Linear (shared with stem)  [2, 4]                                     16      1
              rnn        LSTM                       ([1, 2, 4], [1, 2, 4], [1, 2, 4])         160      1
              unused     Linear                                                                20
            --------------------------------------------------------------------------------------------
            216 parameters, 196 of them trainable
            """,
            string.Join('\n', lines.Select(line => line.Length <= beforeTimes ? line : line[..beforeTimes])));
        Assert.All(lines[2..^2], line => Assert.Matches(line.Length > beforeTimes ? @" \d+\.\d\d ms$" : "ModuleList|unused", line));
    }

    [Fact]
    public void Without_a_pass_there_are_types_and_parameters()
    {
        using Sequential net = Models.Small();
        Assert.Equal(
            """
            Layer        Type        Parameters
            -----------------------------------
            (the model)  Sequential          26
              a          Linear              16
              b          ReLU
              c          Linear              10
            -----------------------------------
            26 parameters, 26 of them trainable
            """,
            net.Summary().ToString());
    }

    [Fact]
    public void Times_of_containers_include_their_layers_and_calls_are_those_of_the_pass()
    {
        using Sequential net = nn.Sequential(("slow", Models.Layer(x =>
        {
            Thread.Sleep(20);
            return x + 1;
        })), ("twice", nn.ReLU()));
        ModelSummary summary = net.Summary(() =>
        {
            net.call(randn(1));
            net.call(randn(1));
        });
        LayerSummary slow = summary.Layers.Single(layer => layer.Path == "slow");
        Assert.Equal(2, slow.Calls);
        Assert.True(slow.Time >= TimeSpan.FromMilliseconds(38));
        Assert.True(summary.Layers[0].Time >= slow.Time);
    }

    [Fact]
    public void Model_on_the_meta_device_needs_no_memory()
    {
        // 40 billion parameters, 160 GB in float32.
        using Sequential net = nn.Sequential(("wide", nn.Linear(200_000, 200_000, device: META)), ("tanh", nn.Tanh()));
        ModelSummary summary = net.Summary(() => net.call(empty(8, 200_000, device: META)));
        Assert.Equal(200_000L * 200_000 + 200_000, summary.Parameters);
        Assert.Equal("[8, 200000]", summary.Layers[0].Output);
    }

    [Fact]
    public void Model_is_left_as_it_was_when_the_pass_throws()
    {
        using var net = new ScopedNet { Fail = true };
        Assert.Throws<InvalidOperationException>(() => net.Summary(() => net.call(randn(2, 3))));
        Assert.Equal(0, Hooks.Count(net));
    }

    [Fact]
    public void Caches_that_layers_fill_are_filled_and_what_is_of_an_unknown_class_has_no_shape()
    {
        using var net = new Decoder();
        var cache = new Cache();
        var past = new List<Tensor>();
        ModelSummary summary = net.Summary(() => net.call((ones(2), past, cache)));
        Assert.Single(past);
        Assert.Equal(1, cache.Uses);
        Assert.Equal(["", "[2]", ""], summary.Layers.Select(layer => layer.Output));
        Assert.Equal(
            """
            Layer        Type       Output       Parameters  Calls
            ------------------------------------------------------
            (the model)  Decoder    (not known)                  1
              attn       Attention  [2]                          1
              unused     Attention
            ------------------------------------------------------
            0 parameters, 0 of them trainable
            """,
            WithoutTimes(summary));
    }

    private static string WithoutTimes(ModelSummary summary)
    {
        string[] lines = summary.ToString().Split('\n');
        int beforeTimes = lines[0].IndexOf("Calls", StringComparison.Ordinal) + "Calls".Length;
        return string.Join('\n', lines.Select(line => (line.Length <= beforeTimes ? line : line[..beforeTimes]).TrimEnd()));
    }

    private sealed class Cache
    {
        public int Uses { get; set; }
    }

    private sealed class Attention() : nn.Module<Tensor, List<Tensor>, Tensor>(nameof(Attention))
    {
        public override Tensor forward(Tensor input, List<Tensor> past)
        {
            past.Add(input);
            return input * 2;
        }
    }

    private sealed class Decoder : nn.Module<(Tensor Input, List<Tensor> Past, Cache Cache), Cache>
    {
        public readonly Attention attn = new();
        public readonly Attention unused = new();

        public Decoder()
            : base(nameof(Decoder)) => RegisterComponents();

        public override Cache forward((Tensor Input, List<Tensor> Past, Cache Cache) input)
        {
            attn.call(input.Input, input.Past);
            input.Cache.Uses++;
            return input.Cache;
        }
    }

    private sealed class Sample : nn.Module<Tensor, Tensor>
    {
        public readonly Linear stem = nn.Linear(3, 4);
        public readonly ModuleList<Linear> blocks = nn.ModuleList(nn.Linear(4, 4));
        public readonly Linear again;
        public readonly LSTM rnn = nn.LSTM(4, 4);
        public readonly Linear unused = nn.Linear(4, 4);

        public Sample()
            : base(nameof(Sample))
        {
            again = stem;
            RegisterComponents();
            Gradients.SetRequiresGrad(false, unused);
        }

        public override Tensor forward(Tensor input)
        {
            Tensor x = stem.call(input);
            for (int i = 0; i < 3; i++)
                x = blocks[0].call(x);
            rnn.call(x.unsqueeze(0), null);
            return x;
        }
    }
}
