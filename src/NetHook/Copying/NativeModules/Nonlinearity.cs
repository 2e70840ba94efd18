using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Tells what a plain recurrent layer does to its sums.</summary>
internal static class Nonlinearity
{
    /// <summary>A tanh comes out negative somewhere, and never above one; a rectified sum never negative, and above one for a large input.</summary>
    internal static NonLinearities Observe(Func<Tensor, Tensor> run, long inputs, Module original, CopyContext context)
    {
        foreach (double size in (double[])[1, 1e2, 1e4, 1e6])
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor token = randn(1, 1, inputs).Times(size);
            Tensor output = cat([run(token).flatten(), run(-token).flatten()]).to(float64);
            if (output.min().item<double>() < 0)
                return NonLinearities.Tanh;
            if (output.max().item<double>() > 1)
                return NonLinearities.ReLU;
        }

        throw context.Refused(original.GetType(), "its nonlinearity cannot be observed, its weights being zero");
    }
}
