using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook stats merge</c>: the parts of a work as one.</summary>
internal sealed class StatsMergeCommand : ToolCommand
{
    private readonly Argument<string[]> _files = new("FILE")
    {
        Description = "Files that 'nethook stats' has completed, of one model and the same layers and statistics.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Required = true, Description = "The file to save to, a new one." };
    private readonly JsonOption _json = new();

    public StatsMergeCommand(ToolContext context)
        : base(context, "merge", "Put parts together: two halves merged equal the whole.")
    {
        Arguments.Add(_files);
        Options.Add(_out);
        Options.Add(_json);
    }

    public override string Notes =>
        """
        Nothing counts twice: a file that holds some of a text that the ones before it
        hold too is refused, and so is a file that is not complete. JSON is as that of
        'nethook stats'.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook stats merge keys-1.safetensors keys-2.safetensors --out merged.safetensors", "Two parts as one."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string path = arguments.GetRequiredValue(_out);
        OutputFile.CheckNew(path);
        string[] files = arguments.GetRequiredValue(_files);
        using var merged = StatisticsFile.Merge(files, Context.Cancellation);
        merged.SaveNew(path);
        var report = StatsReport.Of(path, merged);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            StatsView.Write(Context.Out, report, $"Saved to {path}, from {Figures.Count(files.Length, "file")}.{Missing(merged)}");
    }

    private static string Missing(StatisticsFile merged) => merged.Missing is { Count: > 0 } missing ? $" Still missing: {ShardOption.List(missing)}." : "";
}
