using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>A block with two paths of its own, as in a transformer.</summary>
internal sealed class Block : Module<Tensor, Tensor>
{
    public readonly Linear attn = Linear(2, 2);
    public readonly Sequential mlp = Sequential(("c_fc", Linear(2, 4)), ("act", ReLU()), ("c_proj", Linear(4, 2)));

    public Block()
        : base(nameof(Block)) => RegisterComponents();

    public override Tensor forward(Tensor input) => mlp.call(attn.call(input));
}

/// <summary>Blocks in a list, an embedding whose weight the head shares, and one layer under two names.</summary>
internal sealed class TinyTransformer : Module<Tensor, Tensor>
{
    public readonly Embedding wte = Embedding(3, 2);
    public readonly ModuleList<Block> h;
    public readonly ModuleDict<Module> extras = ModuleDict(("norm", (Module)LayerNorm(2)), ("drop", Dropout()));
    public readonly Linear head = Linear(2, 3, hasBias: false);
    public readonly Linear shared;

    public TinyTransformer(int blocks = 2)
        : base(nameof(TinyTransformer))
    {
        h = new ModuleList<Block>([.. Enumerable.Range(0, blocks).Select(_ => new Block())]);
        head.weight = wte.weight!;
        shared = h[0].attn;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => h.Aggregate(wte.call(input), (x, block) => block.call(x));
}
