using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace NetHook.Cli;

/// <summary>Why libtorch does not load, and what to do.</summary>
internal static partial class LoadFailure
{
    /// <summary>The line of a check.</summary>
    /// <param name="messages">What TorchSharp and the system's loader said, one message a line.</param>
    public static DoctorCheck Check(string messages)
    {
        string[] lines = messages.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.FirstOrDefault(line => VersionNotFound().IsMatch(line)) is { } version)
            return Failed(version, version.Contains("GLIBC_", StringComparison.Ordinal) ? OldGlibc : OldLibstdcxx);

        // The loader tries several places for the library itself; only a missing part of it says which part.
        if (lines.FirstOrDefault(line => MissingPart().IsMatch(line)) is { } part)
            return Failed(part, Missing);
        return Failed(
            lines.FirstOrDefault() ?? "without a word",
            messages.Contains("doesn't contain a reference", StringComparison.Ordinal) || messages.Contains("is not restored", StringComparison.Ordinal)
                ? Missing
                : "Install the tool again. If that does not help, report it, with these lines.");
    }

    private const string OldLibstdcxx =
        "The system's libstdc++ is older than TorchSharp's library asks for. A program that references the NetHook package itself is mended "
        + "when it is built (NetHookRelaxLibstdcxx must not be false); otherwise install the libstdc++ of GCC 13 or newer.";

    private const string OldGlibc =
        "The system's glibc is older than libtorch asks for: use a newer system, such as Debian 12 or Ubuntu 22.04.";

    private static readonly string Missing =
        $"A part of libtorch is missing. Install the tool again; a program of yours needs `dotnet add package {Package}`, in the version that its TorchSharp is made for.";

    private static string Package =>
        OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";

    private static DoctorCheck Failed(string cause, string advice) => new("libtorch", false, $"does not load: {cause}", advice);

    [GeneratedRegex(@"version `(GLIBC|GLIBCXX|CXXABI)_[\d.]+' not found")]
    private static partial Regex VersionNotFound();

    [GeneratedRegex(@"^[^/]+: cannot open shared object file")]
    private static partial Regex MissingPart();
}
