using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>A layer plus a product of two low-rank matrices, the second of which is zero at first.</summary>
internal sealed class Lora : nn.Module<Tensor, Tensor>
{
    public readonly nn.Module<Tensor, Tensor> layer;
    public readonly Parameter down, up;

    public Lora(nn.Module<Tensor, Tensor> layer, long inputs, long outputs, long rank = 2)
        : base(nameof(Lora))
    {
        this.layer = layer;
        down = nn.Parameter(randn(inputs, rank));
        up = nn.Parameter(zeros(rank, outputs));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return (layer.call(input) + input.matmul(down).matmul(up)).MoveToOuterDisposeScope();
    }
}
