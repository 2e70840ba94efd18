using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>Brings each vector to mean 0 and variance 1, then scales and shifts it. TorchSharp's LayerNorm cannot run on the meta device.</summary>
internal sealed class LayerNorm : Module<Tensor, Tensor>
{
    public readonly Parameter weight, bias;
    private readonly double _epsilon;

    public LayerNorm(Parameter weight, Parameter bias, double epsilon)
        : base(nameof(LayerNorm))
    {
        (this.weight, this.bias, _epsilon) = (weight, bias, epsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        input.is_meta ? empty_like(input) : functional.layer_norm(input, weight.shape, weight, bias, _epsilon);
}
