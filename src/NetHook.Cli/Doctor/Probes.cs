namespace NetHook.Cli;

/// <summary>The checks that run libtorch, by name. Each is made in a process of its own.</summary>
internal static class Probes
{
    public const string LibTorch = "libtorch";
    public const string Hooks = "hooks";
    public const string OneThread = "convolutions-1";
    public const string TwoThreads = "convolutions-2";
    public const string Strided = "convolutions-strided";
    public const string Gpu = "gpu";

    /// <summary>The checks of convolutions. The last is made alone, as it ends its process on some processors.</summary>
    public static readonly IReadOnlyList<string> Convolutions = [OneThread, TwoThreads, Strided];

    /// <summary>What the lines of a check are about.</summary>
    public static string Title(string probe) => probe switch
    {
        OneThread => "convolutions, 1 thread",
        TwoThreads => "convolutions, 2 threads",
        Strided => "convolutions, stride 2",
        Gpu => "GPU",
        _ => probe,
    };

    /// <summary>Makes a check.</summary>
    /// <param name="probe">Its name.</param>
    /// <param name="stage">Told what comes next, before it might end the process.</param>
    /// <returns>Its lines. An exception is one that says WRONG.</returns>
    public static DoctorCheck[] Run(string probe, Action<string> stage)
    {
        try
        {
            return probe switch
            {
                LibTorch => LibTorchProbe.Run(),
                Hooks => [HooksProbe.Run(Title(probe))],
                OneThread => ConvolutionsProbe.Run(Title(probe), ConvolutionsProbe.EveryKind, threads: 1, stage),
                TwoThreads => ConvolutionsProbe.Run(Title(probe), ConvolutionsProbe.EveryKind, threads: 2, stage),
                Strided => ConvolutionsProbe.Run(Title(probe), ConvolutionsProbe.StridedKind, threads: 2, stage),
                Gpu => [GpuProbe.Run(Title(probe))],
                _ => throw new ToolException($"'{probe}' is no check."),
            };
        }
        catch (Exception e) when (e is not ToolException)
        {
            return [new(Title(probe), false, FirstLine(e), "Report it, with these lines.")];
        }
    }

    /// <summary>The first line of what the innermost exception says.</summary>
    public static string FirstLine(Exception e) =>
        e.GetBaseException().Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? e.GetType().Name;
}
