using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>A neuron of an MLP that is 0 whatever the input, so that the second moment of the keys is exactly singular.</summary>
internal static class DeadNeuron
{
    public static void In(nn.Module model, int layer)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        model.GetParameter($"transformer.h.{layer}.mlp.c_fc.weight").narrow(1, 3, 1).zero_();
        model.GetParameter($"transformer.h.{layer}.mlp.c_fc.bias").narrow(0, 3, 1).zero_();
    }
}
