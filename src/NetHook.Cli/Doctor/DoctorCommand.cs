using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>nethook doctor</c>: whether what NetHook stands on works on this machine.</summary>
internal sealed class DoctorCommand : ToolCommand
{
    private readonly JsonOption _json = new();

    // How the command starts itself for a check that might end its process.
    private readonly Option<string> _probe = new(ProbeProcess.Option) { Description = "Make one check in this process.", Hidden = true };

    public DoctorCommand(ToolContext context)
        : base(context, "doctor", "Check what NetHook stands on: libtorch, the processor, hooks, convolutions, the GPU.")
    {
        Options.Add(_json);
        Options.Add(_probe);
    }

    public override string Notes =>
        """
        Each line is ok, or WRONG with what to do. The exit code is 0 if every line is ok,
        and 1 otherwise. A report of a bug begins with these lines.

        Convolutions run ten times, with one thread and with two, and are compared with
        double precision. Whatever runs libtorch does so in a process of its own.

        JSON:
          ok      whether every check is
          checks  of each: check (what was looked at), ok, found, advice (null if none)
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook doctor", "What is wrong, and what to do."),
        new("nethook doctor --json", "The same, for another program."),
    ];

    protected override void Run(ParseResult arguments)
    {
        if (arguments.GetValue(_probe) is { } probe)
        {
            ProbeOutput.Write(Context.Out, Probes.Run(probe, stage => ProbeOutput.WriteStage(Context.Out, stage)));
            return;
        }

        DoctorReport report = Examination.Of(Machine.This(), ProbeProcess.Run, Context.Cancellation);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            DoctorView.Write(Context.Out, report);
        ExitCode = report.Ok ? Tool.Success : Tool.Failure;
    }
}
