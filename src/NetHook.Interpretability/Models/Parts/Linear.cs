using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>A linear layer: <c>weight</c> is <c>[out, in]</c>. TorchSharp's cannot be made without drawing random weights.</summary>
internal sealed class Linear : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter? bias;

    public Linear(Parameter weight, Parameter? bias)
        : base(nameof(Linear))
    {
        (this.weight, this.bias) = (weight, bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.linear(input, weight, bias);
}
