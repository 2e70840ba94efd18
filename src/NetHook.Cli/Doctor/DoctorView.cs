using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="DoctorReport"/> as lines that can be copied into a bug report: they are never folded.</summary>
internal static class DoctorView
{
    private const string Well = "ok   ";
    private const string Wrong = "WRONG";

    public static void Write(IAnsiConsole console, DoctorReport report)
    {
        int width = report.Checks.Max(check => check.Check.Length);
        foreach ((int i, DoctorCheck check) in report.Checks.Index())
        {
            console.Line($"{(check.Ok ? Well : Wrong)}  {check.Check.PadRight(width)}  {check.Found}");

            // Said once, for all the lines before it.
            if (check.Advice is { } advice && advice != report.Checks.ElementAtOrDefault(i + 1)?.Advice)
                console.Line($"{new string(' ', Well.Length + width + 4)}{advice}");
        }

        int wrong = report.Checks.Count(check => !check.Ok);
        console.Line();
        console.Line(wrong == 0 ? "Nothing is wrong." : $"{Figures.Count(wrong, "check")} of {report.Checks.Count} found something wrong.");
    }
}
