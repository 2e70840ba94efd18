using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook patch</c>: which states of one prompt bring its answer into another.</summary>
internal sealed class PatchCommand : ToolCommand
{
    private readonly PromptArgument _prompt = new(description: "The clean prompt, whose answer is looked for; - reads it from standard input.");
    private readonly PromptArgument _counterfactual = new("COUNTERFACTUAL", "A prompt like it with another answer, into whose run states of the clean one are put.");
    private readonly ModelChoice _model = new();
    private readonly PatchKindOption _kind = new();

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
    private readonly FastOptions _fast = new();
    private readonly PathEndsOptions _path = new();
    private readonly GridOutOption _out = new();
    private readonly JsonOption _json = new();

    public PatchCommand(ToolContext context)
        : base(context, "patch", "See which states carry a prompt's answer.")
    {
        Arguments.Add(_prompt);
        Arguments.Add(_counterfactual);
        foreach (Option option in (Option[])[.. _model.Options, _kind, _window, _answer, _counterfactualAnswer, _subject, _counterfactualSubject, _occurrence, _counterfactualOccurrence, .. _fast.All, .. _path.All, _out, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        States of one prompt are put into the run of another, to see where the answer
        changes. The measure is the logit of the clean answer less that of the
        counterfactual one. Tokens go down (* differs between the prompts), layers
        across. A cell is what the states there bring back of the clean answer, in
        percent: 0 is the counterfactual run, 100 the clean one; less and more are
        possible. Parts of heads are patched at all tokens at once, and heads go down.

        --fast estimates each head at each token by a gradient, in two passes forward
        and one back (attribution patching, with the softmax of queries and keys
        computed anew as in AtP*); --grad-drop adds a pass back for each block but the
        first. The strongest are patched exactly too, and the recall says how well the
        estimates ranked those.

        --from and --to patch one path: what the clean sender says to the receiver
        alone. A head's output is LAYER.HEAD, and what it reads LAYER.HEAD.q, .k or .v;
        an MLP is mlp.LAYER; the end is logits.

        JSON:
          model, prompt, counterfactual    what was asked
          answer, counterfactualAnswer     the tokens compared, of each: id, text
          logitDifference, counterfactualLogitDifference    of the two runs
          tokens   of each: cleanPosition, counterfactualPosition, cleanText,
                   counterfactualText, differs
          grids    of each kind: kind, window, and by token (for parts of heads by
                   head), then by layer: logitDifferences, recovered (0 to 1)
          saved    the file of --out, or null
        With --fast, instead of grids:
          gradDrop, verified (how many were patched exactly), recall (0 to 1)
          nodes    the strongest first, of each: kind, layer, head, token (its place
                   in tokens), estimate, strength, exact (or null): changes of the
                   logit difference
        With --from and --to, instead of grids:
          sender, receiver, pathLogitDifference, recovered
        CSV has a row for each kind, token or head, and layer; with --fast for each node.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\"", "Which states say which country it is."),
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\" --kind all --out france-italy.svg", "As a figure."),
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\" --kind head", "Which heads bring the answer."),
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\" --kind v --fast", "Whose values at which token, estimated."),
        new("nethook patch \"The capital of France is\" \"The capital of Italy is\" --from mlp.1 --to 3.1.v", "What an MLP says to a head."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? path = _out.Check(arguments);
        (PathNode Sender, PathNode Receiver)? ends = _path.Ends(arguments);
        HeadPart? part = _kind.Part(arguments);
        Check(arguments, ends is not null, part, path);
        string prompt = _prompt.Text(Context, arguments);
        using LanguageModel model = _model.Read(Context, arguments);
        var asked = new PatchAsked(Context, model, _model.Folder(arguments), prompt, arguments.GetRequiredValue(_counterfactual), PromptOptions(arguments), path, arguments.GetValue(_json));
        if (ends is var (sender, receiver))
            PatchPath.Run(asked, sender, receiver);
        else if (_fast.Asked(arguments))
            PatchFast.Run(asked, _fast.Options(arguments, part ?? HeadPart.Output));
        else if (part is not null)
            PatchHeads.Run(asked, part.Value);
        else
            RunStates(asked, arguments);
    }

    private void Check(ParseResult arguments, bool isPath, HeadPart? part, string? path)
    {
        bool fast = _fast.Asked(arguments), kindGiven = arguments.GetValue(_kind) is not null;
        if (isPath && (fast || kindGiven))
            throw new ToolException("--from and --to patch one path, and --kind and --fast do not go with them: --to says which part receives.");
        if (fast && kindGiven && part is null)
            throw new ToolException($"--fast estimates parts of heads: --kind is {string.Join(", ", Enum.GetValues<HeadPart>().Select(PatchKindOption.NameOf))}.");
        if ((isPath || fast || part is not null) && arguments.GetValue(_window) != 1)
            throw new ToolException("--window puts layers together, and heads are patched one by one: leave it out.");
        if (isPath && path is not null)
            OutputFile.CheckExtension(path, [".json"]);
        _fast.Check(arguments);
    }

    private void RunStates(PatchAsked asked, ParseResult arguments)
    {
        IReadOnlyList<ActivationPatch> patches = WorkProgress.Show(Context, "Patching states", progress => new ActivationPatcher(asked.Model).PatchKinds(
            asked.Prompt, asked.Counterfactual, _kind.Kinds(arguments), asked.Options, progress, Context.Cancellation));
        PatchReport report = Report(patches, arguments, asked.Path);
        HeatMap[] maps = [.. patches.Select(PatchView.Map)];
        asked.Save(report, maps, file => PatchView.SaveCsv(file, report));
        asked.Write(report, () => PatchView.Write(Context.Out, report, maps));
    }

    private PatchOptions PromptOptions(ParseResult arguments) => new()
    {
        Window = arguments.GetValue(_window),
        CleanAnswer = arguments.GetValue(_answer),
        CounterfactualAnswer = arguments.GetValue(_counterfactualAnswer),
        CleanSubject = arguments.GetValue(_subject),
        CounterfactualSubject = arguments.GetValue(_counterfactualSubject),
        CleanOccurrence = arguments.GetValue(_occurrence),
        CounterfactualOccurrence = arguments.GetValue(_counterfactualOccurrence),
    };

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
