using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// A transformer as somebody might write who has never heard of this library: blocks that take a mask as well, a gated MLP beside the attention,
/// a projection before the head and a cap behind it, whose code is no layer.
/// </summary>
internal sealed class OwnModel : Module<Tensor, Tensor>
{
    public const int Width = 12, Layers = 3, Heads = 2;

    private readonly Module<Tensor, Tensor> tokens, positions;
    private readonly ModuleList<OwnBlock> blocks;
    private readonly Module<Tensor, Tensor> norm, down, head, cap;

    public OwnModel(int vocabulary, int length = 32)
        : base(nameof(OwnModel))
    {
        tokens = Embedding(vocabulary, Width);
        positions = Embedding(length, Width);
        blocks = [.. Enumerable.Range(0, Layers).Select(_ => new OwnBlock())];
        norm = LayerNorm(Width);
        down = Linear(Width, 8);
        head = Linear(8, vocabulary, hasBias: false);
        cap = new SoftCap();
        RegisterComponents();
    }

    public static TransformerLayout Layout { get; } = new()
    {
        Layers = Layers,
        MaxTokens = 32,
        Embedding = "tokens",
        BlockPath = "blocks.{0}",
        AttentionPath = "blocks.{0}.attention",
        MlpPath = "blocks.{0}.mlp",
        MlpProjectionPath = "blocks.{0}.mlp.down",
        FinalNorm = "norm",
        Head = "head",
        Readout = ["norm", "down", "head", "cap"],
    };

    public static OwnModel Make(int vocabulary)
    {
        var model = new OwnModel(vocabulary);
        using var generator = new Generator(3);
        using (no_grad())
        {
            foreach (Parameter parameter in model.parameters())
                parameter.normal_(0, 0.5, generator);
        }

        model.eval();
        return model;
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tokens.call(input) + positions.call(arange(input.shape[1]));
        Tensor mask = ones(input.shape[1], input.shape[1]).tril();
        foreach (OwnBlock block in blocks)
            x = block.call(x, mask);
        return scope.MoveToOuter(cap.call(head.call(down.call(norm.call(x)))));
    }

    private sealed class SoftCap() : Module<Tensor, Tensor>(nameof(SoftCap))
    {
        public override Tensor forward(Tensor input) => (input / 3).tanh() * 3;
    }

    private sealed class OwnBlock : Module<Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> norm = LayerNorm(Width), behind = LayerNorm(Width);
        private readonly OwnAttention attention = new();
        private readonly OwnMlp mlp = new();

        public OwnBlock()
            : base(nameof(OwnBlock)) => RegisterComponents();

        // The MLP's output is normed before it is added, as in Gemma 2.
        public override Tensor forward(Tensor x, Tensor mask)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor normed = norm.call(x);
            return scope.MoveToOuter(x + attention.call(normed, mask) + behind.call(mlp.call(normed)));
        }
    }

    private sealed class OwnAttention : Module<Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> qkv = Linear(Width, 3 * Width), output = Linear(Width, Width);

        public OwnAttention()
            : base(nameof(OwnAttention)) => RegisterComponents();

        public override Tensor forward(Tensor x, Tensor mask)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor[] parts = qkv.call(x).view(x.shape[0], x.shape[1], 3, Heads, Width / Heads).permute(2, 0, 3, 1, 4).unbind(0);
            Tensor scores = parts[0].matmul(parts[1].transpose(-2, -1)).masked_fill(mask == 0, double.NegativeInfinity);
            return scope.MoveToOuter(output.call(scores.softmax(-1).matmul(parts[2]).transpose(1, 2).reshape(x.shape)));
        }
    }

    private sealed class OwnMlp : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> gate = Linear(Width, 20), up = Linear(Width, 20), down = Linear(20, Width);

        public OwnMlp()
            : base(nameof(OwnMlp)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            using DisposeScope scope = NewDisposeScope();
            return scope.MoveToOuter(down.call(functional.silu(gate.call(x)) * up.call(x)));
        }
    }
}
