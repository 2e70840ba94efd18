using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>
/// Whether convolutions forward and backward give finite, repeatable and right numbers: ten rounds of every kind, in float32
/// with oneDNN, against float64, which oneDNN does not compute.
/// </summary>
internal static class ConvolutionsProbe
{
    private const int Rounds = 10;

    // Two layers each, as the gradient at an input goes another way than those of parameters.
    public static readonly IReadOnlyList<Kind> EveryKind =
    [
        new("Conv1d", () => Sequential(Conv1d(1, 8, 3), Conv1d(8, 16, 3)), [4, 1, 40]),
        new("Conv2d", () => Sequential(Conv2d(1, 8, 3, padding: 1), Conv2d(8, 16, 3, padding: 1)), [32, 1, 16, 16]),
        new("Conv3d", () => Sequential(Conv3d(1, 8, 3), Conv3d(8, 16, 3)), [2, 1, 10, 10, 10]),
        new("ConvTranspose1d", () => Sequential(ConvTranspose1d(8, 16, 3), ConvTranspose1d(16, 8, 3)), [4, 8, 40]),
        new("ConvTranspose2d", () => Sequential(ConvTranspose2d(8, 16, 3), ConvTranspose2d(16, 8, 3)), [4, 8, 16, 16]),
        new("ConvTranspose3d", () => Sequential(ConvTranspose3d(8, 16, 3), ConvTranspose3d(16, 8, 3)), [2, 8, 8, 8, 8]),
    ];

    // As in ResNet-50 with small images.
    public static readonly IReadOnlyList<Kind> StridedKind =
        [new("Conv2d from 512 to 1024 channels", () => Sequential(Conv2d(1, 512, 3, padding: 1), Conv2d(512, 1024, 1, stride: 2)), [2, 1, 4, 4])];

    public static DoctorCheck[] Run(string title, IReadOnlyList<Kind> kinds, int threads, Action<string> stage)
    {
        set_num_threads(threads);
        ConvolutionTally forward = new("forward"), backward = new("backward");
        foreach ((string name, Func<Module<Tensor, Tensor>> make, long[] shape) in kinds)
        {
            using DisposeScope scope = NewDisposeScope();
            using Module<Tensor, Tensor> net = make();
            Tensor input = randn(shape);
            net.to(float64);
            (Tensor output, Tensor[] gradients) exact = Pass(net, input.to(float64), name, stage);
            net.to(float32);
            for (int round = 0; round < Rounds; round++)
            {
                (Tensor output, Tensor[] gradients) = Pass(net, input, name, stage);
                forward.Add(name, round, [output], [exact.output]);
                backward.Add(name, round, gradients, exact.gradients);
            }
        }

        return [forward.Check(title), backward.Check(title)];
    }

    private static (Tensor Output, Tensor[] Gradients) Pass(Module<Tensor, Tensor> net, Tensor input, string name, Action<string> stage)
    {
        Tensor leaf = input.clone().requires_grad_();
        stage($"the forward pass of {name}");
        Tensor output = net.call(leaf);
        stage($"the backward pass of {name}");
        return (output.detach(), [.. autograd.grad([output.Squared().mean()], [leaf, .. net.parameters()])]);
    }

    /// <summary>A kind of convolution, a net of it, and the shape of its input.</summary>
    internal sealed record Kind(string Name, Func<Module<Tensor, Tensor>> Make, long[] Shape);
}
