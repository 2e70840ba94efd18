using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>The recorded GPT-2, and what the original gave for it; see tests/data/parity/README.md.</summary>
internal static class Parity
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "data", "parity", "gpt2-tiny");

    public static string Recorded { get; } = Folder + ".safetensors";

    /// <summary>The largest absolute difference of two tensors of the same shape.</summary>
    public static double Distance(Tensor actual, Tensor expected)
    {
        Assert.Equal(expected.shape, actual.shape);
        return (actual - expected).abs().max().item<float>();
    }
}
