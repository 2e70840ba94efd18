using System.Diagnostics;

namespace NetHook.Build.Tests;

/// <summary>The dotnet command, as a user runs it in a folder of their own.</summary>
internal static class Dotnet
{
    /// <summary>Runs dotnet in a folder; what it prints, once it succeeds.</summary>
    public static Task<string> Run(string folder, params string[] arguments) => Start("dotnet", folder, arguments);

    /// <summary>Runs dotnet in a folder, with settings of its own in the environment.</summary>
    public static Task<string> Run(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Start("dotnet", folder, environment, arguments);

    /// <summary>Runs a program in a folder; what it prints, once it succeeds.</summary>
    public static Task<string> Start(string program, string folder, params string[] arguments) =>
        Start(program, folder, new Dictionary<string, string>(), arguments);

    /// <summary>Runs a program in a folder, with settings of its own in the environment; what it prints, once it succeeds.</summary>
    public static async Task<string> Start(
        string program,
        string folder,
        IReadOnlyDictionary<string, string> environment,
        params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };

        // What the build that runs these tests has set is not the user's; and no server outlives a test.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        string text = await output + await error;
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} gave {process.ExitCode}:\n{text}");
        return text;
    }
}
