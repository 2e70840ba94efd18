using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability.Tests;

public sealed class TransformerLayoutTests
{
    private static readonly TransformerLayout Gpt2Layout = Tiny.Model().Layout;

    public static TheoryData<string, TransformerLayout, string> Misfits => new()
    {
        { "Layers", Gpt2Layout with { Layers = 0 }, "Layers is 0: a layout has at least one block." },
        { "Layers", Gpt2Layout with { Layers = 1 }, "Layers is 1, but Gpt2 has 'transformer.h.1' as well: count it in." },
        {
            "BlockPath", Gpt2Layout with { Layers = 3 },
            "BlockPath of the layout is 'transformer.h.2'. Gpt2 has no module 'transformer.h.2': 'transformer.h' (ModuleList<Module<Tensor, Tensor>>) has no child '2'; it has 0, 1. Did you mean 'transformer.h.0', 'transformer.h.1' or 'transformer.h'?"
        },
        {
            "BlockPath", Gpt2Layout with { BlockPath = "transformer.h" },
            "BlockPath is \"transformer.h\", without {0}: put {0} where the number of the block belongs, such as \"blocks.{0}\"."
        },
        {
            "MlpPath", Gpt2Layout with { MlpPath = "transformer.h.{0}.mpl" },
            "MlpPath of the layout is 'transformer.h.0.mpl'. Gpt2 has no module 'transformer.h.0.mpl': 'transformer.h.0' (Gpt2Block) has no child 'mpl'; it has ln_1, attn, ln_2, mlp. Did you mean 'transformer.h.0.mlp', 'transformer.h.1.mlp' or 'transformer.h.0'?"
        },
        {
            "Embedding", Gpt2Layout with { Embedding = "transformer.drop" },
            "Embedding of the layout is 'transformer.drop', which has no parameter 'weight' of [vocabulary, width]."
        },
        {
            "Embedding", Gpt2Layout with { Embedding = "transformer.ln_f" },
            "Embedding of the layout is 'transformer.ln_f', whose weight is [6], not [vocabulary, width]."
        },
        { "Readout", Gpt2Layout with { Readout = [] }, "Readout is empty: name the layers that make logits of the residual stream, the head at least." },
        {
            "FinalNorm", Gpt2Layout with { FinalNorm = "ln_f" },
            "FinalNorm of the layout is 'ln_f'. Gpt2 has no module 'ln_f': the model (Gpt2) has no child 'ln_f'; it has transformer, lm_head. Did you mean 'transformer.ln_f'?"
        },
    };

    [Fact]
    public void Paths_are_those_of_the_model()
    {
        using Gpt2 model = Tiny.Model();
        TransformerLayout layout = model.Layout;
        layout.Validate(model);
        Assert.Equal((2, 8), (layout.Layers, layout.MaxTokens));
        Assert.Equal("transformer.wte", layout.Embedding);
        Assert.Equal("transformer.h.1", layout.Block(1));
        Assert.Equal("transformer.h.1.attn", layout.Attention(1));
        Assert.Equal("transformer.h.0.mlp", layout.Mlp(0));
        Assert.Equal("transformer.h.0.mlp.act", layout.MlpKeys(0));
        Assert.Equal("transformer.h.0.mlp.c_proj", layout.MlpProjection(0));
        Assert.Equal(["transformer.ln_f", "lm_head"], layout.Readout);
        Assert.Equal(["lm_head"], (layout with { FinalNorm = null }).Readout);
    }

    [Theory]
    [MemberData(nameof(Misfits))]
    public void Layout_that_does_not_fit_is_refused_by_place(string place, TransformerLayout layout, string message)
    {
        using Gpt2 model = Tiny.Model();
        LayoutException e = Assert.Throws<LayoutException>(() => layout.Validate(model));
        Assert.Equal(place, e.Place);
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void Absent_place_says_what_needs_it()
    {
        var layout = new TransformerLayout { Layers = 2, Embedding = "wte", BlockPath = "h.{0}", Head = "head" };
        LayoutException e = Assert.Throws<LayoutException>(() => layout.Attention(1));
        Assert.Equal(
            "The layout has no AttentionPath. Attention outputs are traced and patched at that place: set AttentionPath to the path of the layer, with {0} for the number of the block, such as \"h.{0}.NAME\".",
            e.Message);
        foreach (Func<int, string> place in new[]
        {
            layout.Mlp, layout.MlpKeys, layout.MlpProjection, layout.Queries, layout.Keys, layout.Values, layout.AttentionScores, layout.AttentionPattern, layout.HeadOutputs,
        })
        {
            LayoutException absent = Assert.Throws<LayoutException>(() => place(0));
            Assert.Equal(place.Method.Name + "Path", absent.Place);
            Assert.Null(absent.Path);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void Block_outside_the_model_is_refused(int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2Layout.Mlp(layer));

    [Fact]
    public void Blocks_of_several_results_are_refused()
    {
        using var model = new Net();
        TransformerLayout layout = model.Layout with { BlockPath = "_pairs.{0}" };
        LayoutException e = Assert.Throws<LayoutException>(() => layout.Validate(model));
        Assert.Equal("BlockPath of the layout is '_pairs.0' (Pair), which returns (Tensor, Tensor): the analyses need a layer that returns one Tensor.", e.Message);
    }

    [Fact]
    public void Blocks_that_are_one_layer_are_refused()
    {
        using var model = new Net();
        LayoutException e = Assert.Throws<LayoutException>(() => model.Layout.Validate(model));
        Assert.Equal("'_blocks.1' is the same layer as '_blocks.0': blocks that share their weights cannot be told apart by a trace.", e.Message);
    }

    [Fact]
    public void Places_that_never_run_are_refused()
    {
        using Gpt2 model = Tiny.Model();
        TransformerLayout layout = model.Layout with { Layers = 1, BlockPath = "transformer.h", MlpPath = null };
        Assert.Throws<LayoutException>(() => layout.Validate(model));
        LayoutException e = Assert.Throws<LayoutException>(() => (model.Layout with { Readout = ["transformer.h", "lm_head"] }).Validate(model));
        Assert.Equal("Readout of the layout has 'transformer.h' (ModuleList<Module<Tensor, Tensor>>): each of its layers takes one Tensor and returns one.", e.Message);
    }

    private sealed class Pair() : Module<Tensor, (Tensor, Tensor)>(nameof(Pair))
    {
        public override (Tensor, Tensor) forward(Tensor input) => (input, input);
    }

    private sealed class Net : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> _wte = Embedding(5, 4), _head = Linear(4, 5);
        private readonly TorchSharp.Modules.ModuleList<Module<Tensor, Tensor>> _blocks;
        private readonly TorchSharp.Modules.ModuleList<Pair> _pairs = [new Pair(), new Pair()];

        public Net()
            : base(nameof(Net))
        {
            TorchSharp.Modules.Linear shared = Linear(4, 4);
            _blocks = [shared, shared];
            RegisterComponents();
        }

        public TransformerLayout Layout { get; } = new() { Layers = 2, Embedding = nameof(_wte), BlockPath = "_blocks.{0}", Head = nameof(_head) };

        public override Tensor forward(Tensor input) => _head.call(_wte.call(input));
    }
}
