using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook causal-trace</c>: where in a model the answer to a prompt is kept.</summary>
internal sealed class CausalTraceCommand : ToolCommand
{
    private readonly PromptArgument _prompt = new(description: "A prompt whose next token is the answer; - reads it from standard input.") { Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<string> _subject = new("--subject")
    {
        HelpName = "TEXT",
        Description = "The part of the prompt that the question is about. A prompt needs it.",
    };

    private readonly Option<int?> _occurrence = new("--occurrence")
    {
        HelpName = "N",
        Description = "Which occurrence of the subject, from 1, if the prompt holds it several times.",
    };

    private readonly Option<string> _answer = new("--answer")
    {
        HelpName = "TEXT",
        Description = "The answer whose probability is measured, one token. Default: what the model predicts.",
    };

    private readonly ModelChoice _model = new();
    private readonly KindOption _kind = new();

    private readonly Option<int?> _window = new("--window")
    {
        HelpName = "N",
        Description = "How many layers around each are restored together. Default: 1 for hidden, and for mlp and attn as in the paper 10 of 48, in proportion.",
    };

    private readonly Option<double> _noise = new("--noise")
    {
        HelpName = "S",
        Description = "The noise, in standard deviations of the embeddings.",
        DefaultValueFactory = _ => new CausalTraceOptions().Noise,
    };

    private readonly Option<int> _samples = new("--samples")
    {
        HelpName = "N",
        Description = "How many runs, each with noise of its own, are averaged.",
        DefaultValueFactory = _ => new CausalTraceOptions().Samples,
    };

    private readonly Option<long> _seed = new("--seed") { HelpName = "N", Description = "The seed of the noise.", DefaultValueFactory = _ => 0 };

    private readonly SeverOption _sever = new();
    private readonly FactsOptions _facts = new();
    private readonly GridOutOption _out = new();
    private readonly JsonOption _json = new();

    public CausalTraceCommand(ToolContext context)
        : base(context, "causal-trace", "Find where an answer comes from: corrupt the subject, restore states one by one.")
    {
        Arguments.Add(_prompt);
        foreach (Option option in (Option[])[_subject, _occurrence, _answer, .. _model.Options, _kind, _window, _noise, _samples, _seed, _sever, .. _facts.Options, _out, _json])
            Options.Add(option);
        Validators.Add(result => _facts.Check(result, _prompt, _subject, _occurrence, _answer));
        Subcommands.Add(new CausalTraceMergeCommand(context));
    }

    public override string Notes =>
        """
        Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 2.
        Tokens go down (* is corrupted), layers across. A cell is the probability of the
        answer, in percent, when the states there are restored to those of the run as
        it is: the darker, the more of the answer passes through them.

        --facts takes a .tsv with a header line that names the columns prompt, subject
        and, if there are any, answer; or a .jsonl with an object of these names in each
        line. A prompt holds the subject, or {} for it. Facts that the model does not
        know are left out and counted. A cell is then the average indirect effect:
        how much more of the answer there is than in the corrupted run, by the role of
        the token, as in figure 2 of the paper. Figures show it as lines, too, with 95 %
        confidence intervals. Each fact is saved once it is traced, and the same command
        goes on where it stopped. Parts (--shard 3/8, or auto/8 in a Slurm array or an
        indexed Kubernetes job: see 'nethook stats --help'), each with a file of its own,
        are put together by 'nethook causal-trace merge'.

        JSON:
          model, prompt, noise, samples, seed    what was asked
          tokens                 the prompt's, of each: id, text
          subject                the positions of the corrupted tokens
          answer                 id, text
          cleanProbability       of the answer as it is
          corruptedProbability   with the subject corrupted
          grids                  of each kind: kind, window, and probabilities by
                                 token, then by layer
          saved                  the file of --out, or null
        CSV has a row for each kind, token and layer.

        JSON with --facts:
          parts, missing         the parts of the facts that these are, and the others
          facts, known           how many, and how many of them the model knows
          cleanProbability, corruptedProbability, totalEffect
                                 of each: mean, interval (half the width)
          noise, samples, seed, sever            what was asked
          averages               of each kind: kind, window, and of each role: role,
                                 facts, means and intervals by layer
          traces, saved          the files of --traces and --out, or null
        CSV has a row for each kind, role and layer.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook causal-trace \"The capital of France is\" --subject France", "Which states carry the answer, as a heat map."),
        new("nethook causal-trace \"The capital of France is\" --subject France --kind all --out france.png", "Figure 1 of the paper for a prompt of yours."),
        new("nethook causal-trace --facts facts.tsv --kind all --out fig.pdf", "Figure 2, the averages over many facts."),
        new("nethook causal-trace --facts facts.tsv --kind all --shard auto/8 --traces part-$SLURM_ARRAY_TASK_ID.jsonl", "One of eight parts of them, in a job of 'sbatch --array=1-8'."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? path = _out.Check(arguments);
        if (_facts.Facts(arguments) is { } facts)
        {
            RunFacts(facts, path, arguments);
            return;
        }

        string prompt = _prompt.Text(Context, arguments);
        using LanguageModel model = _model.Read(Context, arguments);
        IReadOnlyList<CausalTrace> traces = Trace(model, prompt, arguments);
        CausalTraceReport report = Report(traces, arguments, path);
        HeatMap[] maps = [.. traces.Select(CausalTraceView.Map)];
        if (path is not null)
            GridOutOption.Save(path, report, maps, file => CausalTraceView.SaveCsv(file, report));
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            CausalTraceView.Write(Context.Out, report, maps);
    }

    private void RunFacts(string file, string? path, ParseResult arguments)
    {
        string? traces = _facts.Traces(arguments, path);
        Shard shard = _facts.Shard(arguments);
        IReadOnlyList<FactPrompt> facts = FactPrompt.Read(file);
        using LanguageModel model = _model.Read(Context, arguments);
        var job = new CausalTraceJob(model, facts, _kind.Kinds(arguments), Asked(arguments), shard);
        CausalTraceFile traced = WorkProgress.Show(Context, "Tracing facts", progress => job.Run(traces, progress, Context.Cancellation));
        FactsView.Write(Context.Out, traced, traces, path, arguments.GetValue(_json));
    }

    private CausalTraceOptions Asked(ParseResult arguments) => new()
    {
        Window = arguments.GetValue(_window),
        Noise = arguments.GetValue(_noise),
        Samples = arguments.GetValue(_samples),
        Seed = arguments.GetValue(_seed),
        Sever = _sever.Kind(arguments),
    };

    private IReadOnlyList<CausalTrace> Trace(LanguageModel model, string prompt, ParseResult arguments)
    {
        CausalTraceOptions options = Asked(arguments) with
        {
            AnswerText = arguments.GetValue(_answer),
            Occurrence = arguments.GetValue(_occurrence),
        };
        return WorkProgress.Show(Context, "Restoring states", progress => new CausalTracer(model).TraceKinds(
            prompt, arguments.GetRequiredValue(_subject), _kind.Kinds(arguments), options, progress, Context.Cancellation));
    }

    private CausalTraceReport Report(IReadOnlyList<CausalTrace> traces, ParseResult arguments, string? saved)
    {
        CausalTrace first = traces[0];
        (int start, int length) = first.Subject.GetOffsetAndLength(first.Tokens.Count);
        return new(
            _model.Folder(arguments),
            first.Prompt!,
            TokenItem.Pair(first.TokenIds, first.Tokens),
            [.. Enumerable.Range(start, length)],
            new TokenItem(first.Answer, first.AnswerText),
            first.CleanProbability,
            first.CorruptedProbability,
            first.Noise!.Value,
            first.Samples,
            first.Seed!.Value,
            [.. traces.Select(trace => new CausalGrid(KindOption.NameOf(trace.Kind), trace.Window, trace.Probabilities.Rows()))],
            saved);
    }
}
