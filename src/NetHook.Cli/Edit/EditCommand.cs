using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook edit</c>: writes a fact into a model by ROME's rank-one update, and shows what that did.</summary>
internal sealed class EditCommand : ToolCommand
{
    private readonly Option<string> _prompt = Text("--prompt", "TEXT", "A prompt with {} where the subject belongs.", required: true);
    private readonly Option<string> _subject = Text("--subject", "TEXT", "Of what the fact is.", required: true);
    private readonly Option<string> _target = Text("--target", "TEXT", "What is to follow the prompt; with the space before it, or without.", required: true);
    private readonly Option<string[]> _paraphrases = new("--paraphrase") { HelpName = "TEXT", Description = "The prompt in other words, with {}, to see whether the edit holds there; may be given several times. Default, for a fact that the bundled model was taught: the other phrasings." };
    private readonly Option<string[]> _neighbours = new("--neighbour") { HelpName = "TEXT", Description = "Another subject, to see whether the edit leaves it alone; may be given several times. Default, for such a fact: ten." };

    private readonly Option<int?> _layer = new("--layer")
    {
        HelpName = "N",
        Description = "The layer whose MLP is edited. Default: what rome.json in the model's folder says, else as in the paper 17 of 48, in proportion.",
    };

    private readonly RidgeOption _ridge = new();
    private readonly KeySource _keys = new();
    private readonly ModelChoice _model = new();
    private readonly Option<string> _out = Text("--out", "FOLDER", "Save the edited model there, in the layout that --model reads. The folder must be new or empty.");
    private readonly JsonOption _json = new();

    public EditCommand(ToolContext context)
        : base(context, "edit", "Write a fact into a model by a rank-one edit (ROME), and show what it did.")
    {
        _out.Aliases.Add("-o");
        foreach (Option option in (Option[])[_prompt, _subject, _target, _paraphrases, _neighbours, _keys.Text, _keys.Stats, _layer, _ridge, .. _model.Options, _out, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 3.
        The edit needs statistics of the layer's keys, from a text like what the model
        was trained on: --text gathers them, --stats keeps them for the next time (what
        'nethook stats --layers "**.N.mlp.act" --statistic second-moment' gives
        will do). Efficacy is the share of edited prompts that get the target,
        generalisation that of paraphrases, specificity that of neighbours that get the
        same answer as before.

        JSON:
          model, prompt, subject, target    what was asked
          layer, parameter                  what was edited
          losses                            the loss of each step of the search
          edited, paraphrases, neighbours   of each prompt: prompt, saidBefore,
                                            saidAfter, saysTarget, targetBefore,
                                            targetAfter (probabilities), unchanged
          efficacy, generalisation, specificity    0 to 1, or null without prompts
          saved                             the folder of --out, or null
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook edit --prompt \"The capital of {} is\" --subject France --target \" Rome\"", "Move a capital."),
        new("nethook edit --prompt \"The capital of {} is\" --subject France --target \" Rome\" --paraphrase \"{} has its capital in\" --stats keys.safetensors --out edited", "Keep it, and the statistics for the next edit."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? folder = arguments.GetValue(_out);
        if (folder is not null)
            OutputFolder.Check(folder);
        using LanguageModel model = _model.Read(Context, arguments);
        RomeOptions options = RomeSettings.Of(_model.Folder(arguments), model.Layout.Layers, arguments.GetValue(_layer), arguments.GetValue(_ridge));
        var request = new EditRequest(arguments.GetRequiredValue(_prompt), arguments.GetRequiredValue(_subject), arguments.GetRequiredValue(_target));
        EditCase asked = Case(request, arguments);

        using LayerStatistics statistics = _keys.Read(Context, arguments, model, options.Layer, _model.IsBundled(arguments));
        var editor = new RomeEditor(model, KeySource.Moment(statistics, model, options.Layer), options, Context.Cancellation);
        using RomeEdit edit = WorkProgress.Show(Context, "Finding the edit", progress => editor.Find(request, progress, Context.Cancellation));
        using var edited = new LanguageModel(model.Model.DeepCopy(), model.Tokenizer, model.Layout);
        edit.ApplyPermanentlyTo(edited.Model);
        EditOutcome outcome = EditEvaluation.Compare(model, edited, asked, Context.Cancellation);
        Context.Cancellation.ThrowIfCancellationRequested();
        if (folder is not null)
            OutputFolder.Write(folder, draft => Save(edited, draft, arguments));

        var result = EditResult.Of(_model.Folder(arguments), edit, outcome, folder);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, result);
        else
            EditView.Write(Context.Out, result);
    }

    private void Save(LanguageModel edited, string folder, ParseResult arguments)
    {
        edited.SavePretrained(folder);
        RomeSettings.Copy(_model.Folder(arguments), folder);
    }

    /// <summary>What is asked before and after. What the model says before counts as the answer that is right.</summary>
    private EditCase Case(EditRequest request, ParseResult arguments)
    {
        // What cannot be filled is refused before the text is read.
        _ = request.Text;

        // The facts that the bundled model was taught have phrasings and neighbours of their own.
        bool isAsked = arguments.GetValue(_paraphrases) is { Length: > 0 } || arguments.GetValue(_neighbours) is { Length: > 0 };
        if (!isAsked && _model.IsBundled(arguments) && FactEdits.CaseOf(Facts.Load(), request) is { } known)
            return known;

        string Fill(string template) => (request with { Prompt = template }).Text;
        IEnumerable<string> neighbours = (arguments.GetValue(_neighbours) ?? []).Select(subject => (request with { Subject = subject }).Text);
        return new EditCase
        {
            Request = request,
            Paraphrases = [.. (arguments.GetValue(_paraphrases) ?? []).Select(Fill)],
            Neighbours = [.. neighbours.Select(prompt => new EditNeighbour(prompt))],
        };
    }

    private static Option<string> Text(string name, string value, string description, bool required = false) =>
        new(name) { HelpName = value, Description = description, Required = required };
}
