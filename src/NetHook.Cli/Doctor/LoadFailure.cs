using System.Runtime.InteropServices;

namespace NetHook.Cli;

/// <summary>Why libtorch does not load, and what to do.</summary>
internal static class LoadFailure
{
    /// <summary>The first line of the innermost exception that says something.</summary>
    public static string FirstLine(Exception e) =>
        e.GetBaseException().Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? e.GetType().Name;

    public static DoctorCheck Check(Exception e)
    {
        string all = string.Join('\n', Chain(e).Select(each => each.Message));
        string? cause = all.Split('\n', StringSplitOptions.TrimEntries).LastOrDefault(line => line.Contains("cannot open shared object file", StringComparison.Ordinal)
            || line.Contains("' not found (required by", StringComparison.Ordinal));
        return new("libtorch", false, $"does not load: {cause ?? FirstLine(e)}", Advice(all));
    }

    private static string Advice(string message)
    {
        if (message.Contains("GLIBCXX_", StringComparison.Ordinal) || message.Contains("CXXABI_", StringComparison.Ordinal))
        {
            return "The system's libstdc++ is older than TorchSharp's library asks for. A program that references the NetHook package itself is mended when "
                + "it is built (NetHookRelaxLibstdcxx must not be false); otherwise install the libstdc++ of GCC 13 or newer.";
        }

        if (message.Contains("GLIBC_", StringComparison.Ordinal))
            return "The system's glibc is older than libtorch asks for: use a newer system, such as Debian 12 or Ubuntu 22.04.";
        if (message.Contains("doesn't contain a reference", StringComparison.Ordinal) || message.Contains("is not restored", StringComparison.Ordinal)
            || message.Contains("Unable to load shared library", StringComparison.Ordinal) || message.Contains("cannot open shared object file", StringComparison.Ordinal))
        {
            return $"A part of libtorch is missing. Install the tool again; a program of yours needs `dotnet add package {Package()}`, "
                + "in the version that its TorchSharp is made for.";
        }

        return "Install the tool again. If that does not help, report it, with these lines.";
    }

    private static string Package() =>
        OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64"
        : OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "libtorch-cpu-osx-arm64"
        : "libtorch-cpu-linux-x64";

    private static IEnumerable<Exception> Chain(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            yield return e;
    }
}
