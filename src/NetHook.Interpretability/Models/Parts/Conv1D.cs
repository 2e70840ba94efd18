using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>A linear layer whose weight is <c>[in, out]</c>, the other way round than TorchSharp's Linear.</summary>
internal sealed class Conv1D : Module<Tensor, Tensor>
{
    public readonly Parameter weight, bias;

    public Conv1D(Parameter weight, Parameter bias)
        : base(nameof(Conv1D))
    {
        (this.weight, this.bias) = (weight, bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        long[] shape = [.. input.shape[..^1], weight.shape[1]];
        using Tensor rows = input.reshape(-1, weight.shape[0]), result = addmm(bias, rows, weight, beta: 1, alpha: 1);
        return result.view(shape);
    }
}
