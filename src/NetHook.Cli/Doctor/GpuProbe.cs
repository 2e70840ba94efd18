using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>Whether there is a GPU that this libtorch can use. None is fine.</summary>
internal static class GpuProbe
{
    public static DoctorCheck Run(string title) => new(
        title,
        true,
        cuda.is_available() ? Figures.Count(cuda.device_count(), "CUDA device") : "none that this libtorch can use (the tool's own is for the CPU)");
}
