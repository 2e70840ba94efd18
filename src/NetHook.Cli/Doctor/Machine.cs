using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace NetHook.Cli;

/// <summary>What is known of a machine without libtorch.</summary>
/// <param name="System">The operating system, its processor's architecture, .NET.</param>
/// <param name="Supported">Whether libtorch has a package for it.</param>
/// <param name="CLibrary">The version of glibc; null if there is none, and on other systems than Linux.</param>
/// <param name="Processor">The processor's name and number.</param>
/// <param name="InstructionSets">Those of its instruction sets that matter to libtorch.</param>
/// <param name="PyTorchLimit">The value of <see cref="PyTorchVariable"/>; null if it is not set.</param>
/// <param name="OneDnnLimit">The value of <see cref="OneDnnVariable"/>; null if it is not set.</param>
internal sealed record Machine(
    string System,
    bool Supported,
    string? CLibrary,
    string Processor,
    IReadOnlyList<string> InstructionSets,
    string? PyTorchLimit,
    string? OneDnnLimit)
{
    public const string PyTorchVariable = "ATEN_CPU_CAPABILITY";
    public const string OneDnnVariable = "ONEDNN_MAX_CPU_ISA";

    public static Machine This() => new(
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription}",
        (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
            ? RuntimeInformation.ProcessArchitecture == Architecture.X64
            : OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64,
        GlibcVersion(),
        $"{ProcessorName()}, {Environment.ProcessorCount} usable",
        [.. Sets().Where(set => set.Has).Select(set => set.Name)],
        Environment.GetEnvironmentVariable(PyTorchVariable),
        Environment.GetEnvironmentVariable(OneDnnVariable));

    private static (string Name, bool Has)[] Sets() =>
    [
        ("SSE4.2", Sse42.IsSupported), ("AVX", Avx.IsSupported), ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported),
        ("AVX-VNNI", AvxVnni.IsSupported), ("AVX-512F", Avx512F.IsSupported), ("AVX-512BW", Avx512BW.IsSupported),
        ("AVX-512DQ", Avx512DQ.IsSupported), ("AVX-512VL", Avx512F.VL.IsSupported), ("AVX-512VBMI", Avx512Vbmi.IsSupported),
        ("NEON", global::System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported),
    ];

    private static string ProcessorName()
    {
        if (!X86Base.IsSupported)
            return RuntimeInformation.ProcessArchitecture.ToString();

        // Vendor and brand are texts in registers; family and model are numbers in two parts each.
        (int _, int b, int c, int d) = X86Base.CpuId(0, 0);
        string vendor = Text(b, d, c);
        int signature = X86Base.CpuId(1, 0).Eax;
        int family = (signature >> 8) & 0xF, model = (signature >> 4) & 0xF;
        if (family is 6 or 15)
            model += ((signature >> 16) & 0xF) << 4;
        if (family is 15)
            family += (signature >> 20) & 0xFF;
        string brand = string.Concat(Enumerable.Range(0, 3).Select(part =>
        {
            (int Eax, int Ebx, int Ecx, int Edx) registers = X86Base.CpuId(unchecked((int)0x80000002) + part, 0);
            return Text(registers.Eax, registers.Ebx, registers.Ecx, registers.Edx);
        }));
        return $"{brand.Trim('\0', ' ')} ({vendor}, family {family}, model {model})";
    }

    private static string Text(params ReadOnlySpan<int> registers) => Encoding.ASCII.GetString(MemoryMarshal.AsBytes(registers));

    private static string? GlibcVersion()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out nint library)
            || !NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out nint function))
        {
            return null;
        }

        return Marshal.PtrToStringUTF8(Marshal.GetDelegateForFunctionPointer<VersionText>(function)());
    }

    private delegate nint VersionText();
}
