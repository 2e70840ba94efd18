using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook evaluate-edits</c>: makes many edits of facts that the bundled model knows, and scores them.</summary>
internal sealed class EvaluateEditsCommand : ToolCommand
{
    // Far more than there are facts, and years of work.
    private const int MostEdits = 1_000_000;

    private static readonly string[] Extensions = [".md", ".json"];

    private readonly Option<int> _edits = new("--edits") { HelpName = "N", Description = "How many edits.", DefaultValueFactory = _ => 60 };
    private readonly Option<long> _seed = new("--seed") { HelpName = "N", Description = "Draws other edits.", DefaultValueFactory = _ => 0 };

    private readonly Option<int[]> _layers = new("--layer")
    {
        HelpName = "N",
        Description = "The layer whose MLP is edited; may be given several times, to compare. Default: what rome.json in the model's folder says, else as in the paper 17 of 48, in proportion.",
    };

    private readonly RidgeOption _ridge = new();
    private readonly ModelChoice _model = new();
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Description = "Write the report (.md, .json)." };
    private readonly JsonOption _json = new();

    public EvaluateEditsCommand(ToolContext context)
        : base(context, "evaluate-edits", "Make many rank-one edits (ROME), each on a fresh copy, and score them.")
    {
        foreach (Option option in (Option[])[_edits, _seed, _layers, _ridge, .. _model.Options, _out, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        Each edit has the bundled model give another answer to a fact it was taught.
        Scores, as in Meng et al. 2022, section 3.3, with 'success' as the stricter one:
          efficacy        the edited prompt
          generalisation  paraphrases: the same fact in its five other phrasings
          specificity     neighbours: the same phrasing with ten other subjects
          success         the share of prompts where what the model says is the
                          target, or for neighbours what it said before
          score           the share where the target is likelier than the true
                          answer, or for neighbours less likely
          magnitude       the difference of the two probabilities

        JSON:
          model, edits, seed, steps    what was asked; the model by its folder
          complete     false where Ctrl-C ended it: what is there is of the edits
                       that were finished
          layers       of each: layer, all, relations (of each: relation, edits,
                       efficacy, generalisation, specificity, and of each score:
                       prompts, success, score, magnitude), shortfalls (of each
                       prompt: kind, edit, prompt, expected, said)
          saved        the file of --out, or null
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook evaluate-edits", "How well edits of the bundled model work."),
        new("nethook evaluate-edits --layer 0 --layer 1 --layer 2 --out edits.md", "Compare layers, and keep the report."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? path = CheckOut(arguments);
        (int edits, long seed) = (arguments.GetValue(_edits), arguments.GetValue(_seed));
        if (edits < 1)
            throw new ToolException($"--edits {edits}: make at least 1.");
        if (edits > MostEdits)
            throw new ToolException($"--edits {edits}: {MostEdits} is the most.");
        using LanguageModel model = _model.Read(Context, arguments);
        RomeOptions[] layers = [.. Layers(arguments).Select(layer => RomeSettings.Of(_model.Folder(arguments), model.Layout.Layers, layer, arguments.GetValue(_ridge)))];

        FactBook book = Facts.Load();
        IReadOnlyList<EditCase> cases = FactEdits.Draw(book, edits, seed);
        IReadOnlyList<LayerEvaluation> results = WorkProgress.Show(
            Context, "Editing", progress => EditEvaluationRun.Of(model, layers, cases, book, progress, Context.Cancellation));
        int made = results.Sum(layer => layer.All.Edits), asked = layers.Length * edits;
        if (made == 0)
            Context.Cancellation.ThrowIfCancellationRequested();

        var report = new EditEvaluationReport(_model.Folder(arguments), edits, seed, layers[0].Steps, made == asked, results, path);
        if (path is not null)
            Save(path, report);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            EditEvaluationView.Write(Context.Out, report);
        if (!report.Complete)
            throw new InterruptedException($"Interrupted. The report is of the {Figures.Count(made)} of {Figures.Count(asked, "edit")} that were finished.", Context.Cancellation);
    }

    private IEnumerable<int?> Layers(ParseResult arguments) =>
        arguments.GetValue(_layers) is { Length: > 0 } layers ? layers.Select(layer => (int?)layer) : [null];

    private string? CheckOut(ParseResult arguments)
    {
        if (arguments.GetValue(_out) is not { } path)
            return null;
        OutputFile.CheckExtension(path, Extensions);
        OutputFile.CheckNew(path);
        return path;
    }

    private static void Save(string path, EditEvaluationReport report)
    {
        if (Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase))
            ReportJson.Save(path, report);
        else
            EditEvaluationMarkdown.Save(path, report);
    }
}
