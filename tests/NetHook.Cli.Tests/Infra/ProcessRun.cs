using System.Diagnostics;

namespace NetHook.Cli.Tests;

/// <summary>One run of the tool as a process of its own: its exit code, and what it wrote.</summary>
internal sealed record ProcessRun(int Code, string Output, string Error)
{
    public static Task<ProcessRun> Of(params string[] arguments) => Of([], arguments);

    public static Task<ProcessRun> Of(Dictionary<string, string> environment, params string[] arguments) => Of(Tool, environment, arguments);

    /// <summary>Runs the tool of another folder.</summary>
    public static async Task<ProcessRun> Of(string tool, Dictionary<string, string> environment, params string[] arguments)
    {
        using Process process = Start(tool, environment, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, (await output).ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
    }

    public static Process Start(params string[] arguments) => Start(Tool, [], arguments);

    private static string Tool => Path.Combine(AppContext.BaseDirectory, "NetHook.Cli.dll");

    private static Process Start(string tool, Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [tool, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The tests themselves may run in such a job.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("SLURM_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment.Remove("JOB_COMPLETION_INDEX");
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
