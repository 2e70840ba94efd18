using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

/// <summary>
/// Convolutions of float32 in tests give the numbers of float64, which oneDNN does not compute. Without
/// build/ConvolutionKernels.cs this fails on processors on which oneDNN's fastest kernels are broken.
/// </summary>
public class ConvolutionKernelsTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Kinds => ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Convolution_and_its_gradients_are_those_of_double_precision(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        (Module<Tensor, Tensor> net, Tensor input) = Make(kind);
        Tensor[] single = Pass(net, input);
        net.to(float64);
        Tensor[] exact = Pass(net, input.to(float64));
        foreach ((Tensor expected, Tensor actual) in exact.Zip(single))
        {
            double error = (actual.to(float64) - expected).abs().max().ToDouble() / expected.abs().max().ToDouble();
            Assert.InRange(error, 0, Tolerance);
        }
    }

    // Two layers, as the gradient at an input goes another way than those of parameters.
    private static (Module<Tensor, Tensor> Net, Tensor Input) Make(string kind)
    {
        Generator random = new(1);
        return kind switch
        {
            "Conv1d" => (Sequential(Conv1d(1, 8, 3), Conv1d(8, 16, 3)), randn([4, 1, 40], generator: random)),
            "Conv2d" => (Sequential(Conv2d(1, 8, 3, padding: 1), Conv2d(8, 16, 3, padding: 1)), randn([32, 1, 16, 16], generator: random)),
            "Conv3d" => (Sequential(Conv3d(1, 8, 3), Conv3d(8, 16, 3)), randn([2, 1, 10, 10, 10], generator: random)),
            "ConvTranspose1d" => (Sequential(ConvTranspose1d(8, 16, 3), ConvTranspose1d(16, 8, 3)), randn([4, 8, 40], generator: random)),
            "ConvTranspose2d" => (Sequential(ConvTranspose2d(8, 16, 3), ConvTranspose2d(16, 8, 3)), randn([4, 8, 16, 16], generator: random)),
            "ConvTranspose3d" => (Sequential(ConvTranspose3d(8, 16, 3), ConvTranspose3d(16, 8, 3)), randn([2, 8, 8, 8, 8], generator: random)),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    // The output, the gradient at the input, and those of the parameters.
    private static Tensor[] Pass(Module<Tensor, Tensor> net, Tensor input)
    {
        using Tensor leaf = input.clone().requires_grad_();
        Tensor output = net.call(leaf);
        return [output.detach(), .. autograd.grad([output.square().mean()], [leaf, .. net.parameters()])];
    }
}
