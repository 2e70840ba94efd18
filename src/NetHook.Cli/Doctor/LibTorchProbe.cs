using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>Loads libtorch, and compares its version with the one that TorchSharp is made for.</summary>
internal static class LibTorchProbe
{
    public static DoctorCheck[] Run()
    {
        DoctorCheck torchSharp = new("TorchSharp", true, typeof(torch).Assembly.GetName().Version!.ToString(3));
        try
        {
            using Tensor first = ones(1);
        }
        catch (Exception e) when (e is TypeInitializationException or NotSupportedException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return [torchSharp, LoadFailure.Check($"{Messages(e)}\n{LoaderMessages()}")];
        }

        return [torchSharp, Compared(Loaded(), Version.Parse(__version__).ToString(3), torchSharp.Found)];
    }

    /// <summary>Compares the version of the library that was loaded (null if it does not say) with the one expected.</summary>
    internal static DoctorCheck Compared((string? Version, string? Path) loaded, string expected, string torchSharp)
    {
        string where = loaded.Path is null ? "" : $", {loaded.Path}";
        return loaded.Version == expected || loaded.Version is null
            ? new("libtorch", true, $"{loaded.Version ?? $"a version that does not say its number, {expected} expected"}{where}")
            : new("libtorch", false, $"{loaded.Version}{where}", $"TorchSharp {torchSharp} is made for libtorch {expected}: reference that version of libtorch's package, and of no other.");
    }

    // The innermost first: the others only say that something went wrong inside.
    private static string Messages(Exception? e) => e is null ? "" : $"{Messages(e.InnerException)}\n{e.Message}";

    // TorchSharp does not pass on what the system's loader says.
    private static string LoaderMessages()
    {
        foreach (string library in new[] { "torch_cpu", "LibTorchSharp" })
        {
            try
            {
                _ = NativeLibrary.Load(library, typeof(torch).Assembly, null);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                return e.Message;
            }
        }

        return "";
    }

    private static (string? Version, string? Path) Loaded()
    {
        string? path = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) is "libtorch_cpu" or "torch_cpu");
        if (path is null || !NativeLibrary.TryLoad(path, out nint library) || !NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint function))
            return (null, path);

        // A byte each for the three numbers, from the highest on.
        ulong version = Marshal.GetDelegateForFunctionPointer<AbiVersion>(function)();
        return ($"{version >> 56}.{(version >> 48) & 0xFF}.{(version >> 40) & 0xFF}", path);
    }

    private delegate ulong AbiVersion();
}
