using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>The devices that tests of models run on: the same tests, on each that this machine has.</summary>
internal static class Devices
{
    public static string[] All { get; } = cuda.is_available() ? ["cpu", "cuda"] : ["cpu"];
}
