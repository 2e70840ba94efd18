using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook causal-trace merge</c>: the traces of parts of facts as one, and their averages.</summary>
internal sealed class CausalTraceMergeCommand : ToolCommand
{
    private readonly Argument<string[]> _files = new("FILE")
    {
        Description = "Files of traces that 'nethook causal-trace --facts' has completed, of one model, the same facts and the same options.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _traces = new("--traces") { HelpName = "FILE", Description = "The file to save all traces to, a new one." };
    private readonly GridOutOption _out = new();
    private readonly JsonOption _json = new();

    public CausalTraceMergeCommand(ToolContext context)
        : base(context, "merge", "Put traces of parts of facts together, and average them.")
    {
        Arguments.Add(_files);
        foreach (Option option in (Option[])[_traces, _out, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        No fact counts twice: a file that holds some facts that the ones before it hold
        too is refused, and so is a file that is not complete. One file alone draws its
        figure again. JSON and CSV are as those of 'nethook causal-trace --facts'.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook causal-trace merge part-*.jsonl --traces whole.jsonl --out fig.pdf", "The parts put together, and the figure of all facts."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? path = _out.Check(arguments), traces = arguments.GetValue(_traces);
        if (traces is not null)
            OutputFile.CheckNew(traces);
        var merged = CausalTraceFile.Merge(arguments.GetRequiredValue(_files), Context.Cancellation);
        if (traces is not null)
            merged.SaveNew(traces);
        FactsView.Write(Context.Out, merged, traces, path, arguments.GetValue(_json));
    }
}
