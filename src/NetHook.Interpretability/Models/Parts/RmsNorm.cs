using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// Divides each vector by its root mean square (Zhang and Sennrich 2019), then scales it by <c>weight</c>, or in Gemma by
/// 1 + <c>weight</c>. Half precision is computed in Float32, and rounded before the weight, or in Gemma behind it.
/// </summary>
internal sealed class RmsNorm : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    private readonly double _epsilon;
    private readonly bool _plusOne;

    public RmsNorm(Parameter weight, double epsilon, bool plusOne = false)
        : base(nameof(RmsNorm))
    {
        (this.weight, _epsilon, _plusOne) = (weight, epsilon, plusOne);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        ScalarType wide = input.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? ScalarType.Float32 : input.dtype;
        Tensor x = input.to(wide);
        Tensor normed = x * x.Squared().mean([-1], keepdim: true).Plus(_epsilon).rsqrt();
        return scope.MoveToOuter(_plusOne ? (normed * weight.to(wide).Plus(1.0)).to(input.dtype) : normed.to(input.dtype) * weight);
    }
}
