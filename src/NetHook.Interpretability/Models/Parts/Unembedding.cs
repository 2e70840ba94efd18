using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>Hidden states to logits: a linear layer whose weight may be the token embedding's.</summary>
internal sealed class Unembedding : Module<Tensor, Tensor>
{
    public Parameter weight;
    private readonly bool _tied;

    public Unembedding(Parameter weight, bool tied)
        : base(nameof(Unembedding))
    {
        (this.weight, _tied) = (weight, tied);
        RegisterComponents();
    }

    public bool IsTied => _tied;

    public override Tensor forward(Tensor input) => functional.linear(input, weight);

    public void Use(Parameter shared)
    {
        weight = shared;
        ConditionallyRegisterParameter(nameof(weight), shared);
    }

    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        // A shared weight is moved by its owner, and is gone by now.
        if (!_tied)
            base._toEpilog(dtype, device, non_blocking);
    }
}

/// <summary>Bends logits to within a limit: cap · tanh(logits / cap).</summary>
internal sealed class SoftCap(double cap) : Module<Tensor, Tensor>(nameof(SoftCap))
{
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(input.DividedBy(cap).tanh().Times(cap));
    }
}
