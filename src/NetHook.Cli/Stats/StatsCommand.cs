using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook stats</c>: statistics of a model's activations over a text, in parts on as many machines as there are.</summary>
internal sealed class StatsCommand : ToolCommand
{
    private readonly Argument<string> _text = new("TEXTFILE") { Description = "A text in UTF-8. It is cut into pieces of as many tokens as the model reads." };
    private readonly ModelChoice _model = new();

    private readonly Option<string[]> _layers = new("--layers", "-l")
    {
        HelpName = "GLOB",
        Required = true,
        Description = "Which layers, as 'nethook layers' names them; may be given several times.",
    };

    private readonly Option<string[]> _statistics = new("--statistic")
    {
        HelpName = "NAME",
        Description = "Which statistic of each feature, see below; may be given several times. Default: variance.",
    };

    private readonly Option<string> _out = new("--out", "-o")
    {
        HelpName = "FILE",
        Required = true,
        Description = "The file to save to, in safetensors format. Where it holds a part of this work, the work goes on from there.",
    };

    private readonly ShardOption _shard = new();
    private readonly JsonOption _json = new();

    public StatsCommand(ToolContext context)
        : base(context, "stats", "Gather statistics of a model's activations over a text.")
    {
        Arguments.Add(_text);
        foreach (Option option in (Option[])[_layers, _out, _statistics, .. _model.Options, _shard, _json])
            Options.Add(option);
        Subcommands.Add(new StatsMergeCommand(context));
    }

    public override string Notes =>
        $"""
        Statistics:
        {string.Join('\n', StatisticKind.All.Select(kind => $"  {kind.Form,-27}{kind.Description}"))}

        The text is read as a stream: it may be larger than the memory. The file is
        saved every half minute, at the end and when interrupted; the same command goes
        on where it stopped.

        Parts, on as many machines as there are, are put together by 'nethook stats
        merge'. With '--shard auto/n', task i of a Slurm array (sbatch --array=1-n) does
        part i, also where only some tasks are run again; in an indexed Kubernetes job
        of n completions, index i does part i + 1. In a Slurm array of all tasks, 1 to
        n, 'auto' will do. Each part needs a file of its own.

        The samples that top-k names are numbered as they were read. In part i/n, sample
        s of a layer that gives a vector for each token is the token at (s / L * n + i -
        1) * L + s % L of the text, from 0, where L is how many the model reads, at most
        2,048, and / rounds down. Merged parts follow one another, each with its number
        of tokens: see 'parts' in the JSON. If a model's texts begin with a token of
        their own, such as Llama's, it stands before each piece, and counts too.

        JSON:
          parts    the parts of texts that the file is made of, in their order, of each:
                   part (such as "3/8"), tokens
          missing  the parts of these texts that it lacks
          layers   of each: layer (its name), statistic, samples, features
          saved    the file
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook stats corpus.txt --layers \"**.mlp\" --out mlp.safetensors", "Mean and variance of what the MLPs give."),
        new("nethook stats corpus.txt --layers \"**.0.mlp.act\" --statistic second-moment --out keys.safetensors", "What 'nethook edit --stats keys.safetensors' needs, for the model that comes with the tool."),
        new("nethook stats corpus.txt --layers \"**.0.mlp.act\" --statistic second-moment --shard 3/8 --out keys-3.safetensors", "The third of eight parts of it."),
        new("nethook stats corpus.txt --layers \"**.0.mlp.act\" --statistic second-moment --shard auto/8 --out keys-$SLURM_ARRAY_TASK_ID.safetensors", "Each of them in a job of 'sbatch --array=1-8'."),
        new("nethook stats merge keys-*.safetensors --out merged.safetensors", "The parts put together."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string path = arguments.GetRequiredValue(_out);
        OutputFile.Check(path);
        IReadOnlyList<string> asked = arguments.GetValue(_statistics) is { Length: > 0 } names ? names : ["variance"];
        StatisticKind.Make(asked).Dispose();
        Shard shard = _shard.Of(arguments);

        using LanguageModel model = _model.Read(Context, arguments);
        IReadOnlyList<string> layers = LayerSelection.Of(model.Model, arguments.GetRequiredValue(_layers));
        var job = new StatisticsJob(model, Corpus.File(arguments.GetRequiredValue(_text)), layers, _ => StatisticKind.Make(asked), shard);
        using StatisticsFile file = WorkProgress.Show(Context, "Reading the text", progress => job.Run(path, progress, Context.Cancellation));
        var report = StatsReport.Of(path, file);
        if (arguments.GetValue(_json))
        {
            ReportJson.Write(Context.Out, report);
        }
        else
        {
            StatsView.Write(Context.Out, report, (file.BatchesRead > 0, shard == Shard.Whole) switch
            {
                (true, true) => $"Saved to {path}.",
                (true, false) => $"Saved part {shard} to {path}.",
                _ => $"{path} is complete already.",
            });
        }
    }
}
