using System.Runtime.InteropServices;

namespace NetHook.Cli;

/// <summary>What the tool says of an exception that nobody foresaw.</summary>
internal static class BugReport
{
    public static void Write(TextWriter output, Exception e)
    {
        string first = e.Message.Split('\n', 2)[0].TrimEnd();
        output.WriteLine($"nethook: This is a bug in nethook, and not in what you asked: {e.GetType().Name}: {first}");
        output.WriteLine("Please report it, with all of these lines, the command, and what 'nethook doctor' says.");
        output.WriteLine();
        output.WriteLine($"nethook {Tool.Version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        output.WriteLine(e);
    }
}
