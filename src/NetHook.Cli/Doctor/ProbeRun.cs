namespace NetHook.Cli;

/// <summary>A process that made a check, or was to: how it ended, and what it wrote to standard output.</summary>
internal sealed record ProbeRun(int ExitCode, string Output)
{
    /// <summary>How the process ended, as the rest of a sentence.</summary>
    public string Ending => ExitCode switch
    {
        // 128 and the number of the signal, and what Windows has for it.
        132 or unchecked((int)0xC000001D) => "the process met an instruction that the processor does not have (SIGILL)",
        136 or unchecked((int)0xC0000094) => "the process ended with a division by zero (SIGFPE)",
        137 => "the process was killed (SIGKILL; often for want of memory)",
        139 or unchecked((int)0xC0000005) => "the process ended with a fault of memory (SIGSEGV)",
        _ => $"the process ended with code {ExitCode}",
    };
}
