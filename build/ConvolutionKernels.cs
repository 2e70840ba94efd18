using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

/// <summary>
/// Keeps a program of this repository (each test project, each sample) off the kernels of oneDNN that are broken on some
/// processors. On AMD's family 26, in a virtual machine that does not tell its caches, the AVX-512 kernels of convolutions
/// backward, and of transposed convolutions forward, give NaN or wrong numbers, and those for AVX2 divide by zero in ResNet-50.
/// Those for AVX are right. A user's own choice stands. docs/limitations.md tells users of it, and `nethook doctor` finds it.
/// </summary>
internal static class ConvolutionKernels
{
    private const string Variable = "ONEDNN_MAX_CPU_ISA";

    // Before Main, as oneDNN looks once, at its first use.
    [ModuleInitializer]
    internal static void Choose()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
            return;

        // For Windows, and for the processes that this one starts.
        Environment.SetEnvironmentVariable(Variable, "AVX");

        // Elsewhere .NET keeps a copy of the environment, and native code does not see what changes there.
        if (!OperatingSystem.IsWindows())
            SetEnvironment("ONEDNN_MAX_CPU_ISA\0"u8.ToArray(), "AVX\0"u8.ToArray(), 0);
    }

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void SetEnvironment(byte[] name, byte[] value, int overwrite);
}
