using System.Text.Json;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>How a process that makes a check tells its parent, among the lines that native libraries write.</summary>
internal static class ProbeOutput
{
    private const string ChecksMark = "nethook-doctor-checks ";
    private const string StageMark = "nethook-doctor-stage ";

    public static void Write(IAnsiConsole console, DoctorCheck[] checks) =>
        console.Line(ChecksMark + JsonSerializer.Serialize(checks, ReportJson.Default.DoctorCheckArray));

    /// <summary>Says what comes next, as nothing can be said after a crash.</summary>
    public static void WriteStage(IAnsiConsole console, string stage)
    {
        console.Line(StageMark + stage);
        console.Profile.Out.Writer.Flush();
    }

    /// <summary>The checks; null if the process ended before it wrote them.</summary>
    public static DoctorCheck[]? Checks(string output) =>
        Last(output, ChecksMark) is { } json ? JsonSerializer.Deserialize(json, ReportJson.Default.DoctorCheckArray) : null;

    /// <summary>What the process was about to do when it wrote last; null if it did not say.</summary>
    public static string? Stage(string output) => Last(output, StageMark);

    private static string? Last(string output, string mark) =>
        output.Split('\n').LastOrDefault(line => line.StartsWith(mark, StringComparison.Ordinal))?[mark.Length..].TrimEnd();
}
