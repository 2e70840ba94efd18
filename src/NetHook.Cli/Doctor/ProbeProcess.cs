using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NetHook.Cli;

/// <summary>Makes a check in a process of its own, so that one that ends its process is a finding and not the end.</summary>
internal static class ProbeProcess
{
    public const string Option = "--probe";

    /// <param name="probe">One of the names of <see cref="Probes"/>.</param>
    /// <param name="instructions">A value for ONEDNN_MAX_CPU_ISA; null leaves the variable as it is.</param>
    /// <param name="cancellation">Ends the process.</param>
    public static ProbeRun Run(string probe, string? instructions, CancellationToken cancellation)
    {
        // The dotnet that runs this process, wherever the tool is started from.
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(Tool).Assembly.Location, "doctor", Option, probe])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (instructions is not null)
            start.Environment[Machine.OneDnnVariable] = instructions;

        // Makes oneDNN say which instruction sets it uses.
        start.Environment["ONEDNN_VERBOSE"] = "1";
        using Process process = Process.Start(start)!;
        using CancellationTokenRegistration registration = cancellation.Register(() => process.Kill());
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return new(process.ExitCode, output);
    }
}
