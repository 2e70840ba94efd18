using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook patch</c>: which states of one prompt bring its answer into another.</summary>
internal sealed class PatchCommand : ToolCommand
{
    private readonly PromptArgument _prompt = new(description: "The clean prompt, whose answer is looked for; - reads it from standard input.");
    private readonly PromptArgument _counterfactual = new("COUNTERFACTUAL", "A prompt like it with another answer, into whose run states of the clean one are put.");
    private readonly ModelChoice _model = new();
    private readonly KindOption _kind = new();

    private readonly Option<int> _window = new("--window")
    {
        HelpName = "N",
        Description = "How many layers around each are patched together.",
        DefaultValueFactory = _ => new PatchOptions().Window,
    };

    private readonly Option<string> _answer = Text("--answer", "The answer to the clean prompt, one token. Default: what the model predicts.");
    private readonly Option<string> _counterfactualAnswer = Text("--counterfactual-answer", "The answer to the other prompt, likewise.");
    private readonly Option<string> _subject = Text("--subject", "The subject in the clean prompt: needed if the prompts differ in their number of tokens, to align them.");
    private readonly Option<string> _counterfactualSubject = Text("--counterfactual-subject", "The subject in the other prompt.");
    private readonly Option<int?> _occurrence = Number("--occurrence", "Which occurrence of the subject, from 1, if the clean prompt holds it several times.");
    private readonly Option<int?> _counterfactualOccurrence = Number("--counterfactual-occurrence", "The same in the other prompt.");
    private readonly GridOutOption _out = new();
    private readonly JsonOption _json = new();

    public PatchCommand(ToolContext context)
        : base(context, "patch", "Put states of one prompt into the run of another, and see where the answer changes.")
    {
        Arguments.Add(_prompt);
        Arguments.Add(_counterfactual);
        foreach (Option option in (Option[])[.. _model.Options, _kind, _window, _answer, _counterfactualAnswer, _subject, _counterfactualSubject, _occurrence, _counterfactualOccurrence, _out, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        The measure is the logit of the clean answer less that of the counterfactual
        one. Tokens go down (* differs between the prompts), layers across. A cell is
        what the states there bring back of the clean answer, in percent: 0 is the
        counterfactual run, 100 the clean one; less and more are possible.

        JSON:
          model, prompt, counterfactual    what was asked
          answer, counterfactualAnswer     the tokens compared, of each: id, text
          logitDifference, counterfactualLogitDifference    of the two runs
          tokens   of each: cleanPosition, counterfactualPosition, cleanText,
                   counterfactualText, differs
          grids    of each kind: kind, window, and by token, then by layer:
                   logitDifferences, recovered (0 to 1)
          saved    the file of --out, or null
        CSV has a row for each kind, token and layer.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\"", "Which states say which country it is."),
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\" --kind all --out france-italy.svg", "As a figure."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? path = _out.Check(arguments);
        string prompt = _prompt.Text(Context, arguments);
        using LanguageModel model = _model.Read(Context, arguments);
        IReadOnlyList<ActivationPatch> patches = Patch(model, prompt, arguments);
        PatchReport report = Report(patches, arguments, path);
        HeatMap[] maps = [.. patches.Select(PatchView.Map)];
        if (path is not null)
            GridOutOption.Save(path, report, maps, file => PatchView.SaveCsv(file, report));
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            PatchView.Write(Context.Out, report, maps);
    }

    private IReadOnlyList<ActivationPatch> Patch(LanguageModel model, string prompt, ParseResult arguments)
    {
        var options = new PatchOptions
        {
            Window = arguments.GetValue(_window),
            CleanAnswer = arguments.GetValue(_answer),
            CounterfactualAnswer = arguments.GetValue(_counterfactualAnswer),
            CleanSubject = arguments.GetValue(_subject),
            CounterfactualSubject = arguments.GetValue(_counterfactualSubject),
            CleanOccurrence = arguments.GetValue(_occurrence),
            CounterfactualOccurrence = arguments.GetValue(_counterfactualOccurrence),
        };
        return WorkProgress.Show(Context, "Patching states", progress => new ActivationPatcher(model).PatchKinds(
            prompt, arguments.GetRequiredValue(_counterfactual), _kind.Kinds(arguments), options, progress, Context.Cancellation));
    }

    private PatchReport Report(IReadOnlyList<ActivationPatch> patches, ParseResult arguments, string? saved)
    {
        ActivationPatch first = patches[0];
        return new(
            _model.Folder(arguments),
            first.CleanPrompt,
            first.CounterfactualPrompt,
            new(first.CleanAnswerId, first.CleanAnswer),
            new(first.CounterfactualAnswerId, first.CounterfactualAnswer),
            first.CleanLogitDifference,
            first.CounterfactualLogitDifference,
            first.Tokens,
            [.. patches.Select(patch => new PatchGrid(KindOption.NameOf(patch.Kind), patch.Window, patch.LogitDifferences.Rows(), patch.Normalized().Rows()))],
            saved);
    }

    private static Option<int?> Number(string name, string description) => new(name) { HelpName = "N", Description = description };

    private static Option<string> Text(string name, string description) => new(name) { HelpName = "TEXT", Description = description };
}
