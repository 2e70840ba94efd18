using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace NetHook.Cli;

/// <summary><c>nethook</c> without a command: one screen that says what there is.</summary>
internal sealed class RootCommand : ToolCommand
{
    private readonly HelpOption _help = new("--help", "-h") { Description = "Show what a command does and takes.", Recursive = true };

    public RootCommand(ToolContext context)
        : base(context, "nethook", "Looks inside a language model while it runs: a small one that comes with the tool, or your own.")
    {
        _help.Action = new HelpWithExamples();
        Options.Add(_help);
        Options.Add(new Option<bool>("--version") { Description = "Show the version.", Action = new ShowVersion() });

        // Another command is one line here.
        Subcommands.Add(new TraceCommand(context));
        Subcommands.Add(new LayersCommand(context));
        Subcommands.Add(new LensCommand(context));
        Subcommands.Add(new GenerateCommand(context));
        Subcommands.Add(new SteerCommand(context));
        Subcommands.Add(new CausalTraceCommand(context));
        Subcommands.Add(new PatchCommand(context));
        Subcommands.Add(new EditCommand(context));
        Subcommands.Add(new EvaluateEditsCommand(context));
        Subcommands.Add(new StatsCommand(context));
        Subcommands.Add(new ConvertCommand(context));
        Subcommands.Add(new DoctorCommand(context));
        Subcommands.Add(new CompletionCommand(context));
    }

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook trace \"The capital of France is\"", "What each layer computes, and the next token."),
        new("nethook layers \"**.0.**\"", "The layers of the first block."),
        new("nethook trace --help", "More of one command."),
    ];

    protected override void Run(ParseResult arguments) => ((SynchronousCommandLineAction)_help.Action!).Invoke(arguments);

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool Terminating => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Tool.Version);
            return Tool.Success;
        }
    }
}
