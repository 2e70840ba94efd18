using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook lens</c>: what a model would predict if it ended after each layer.</summary>
internal sealed class LensCommand : ToolCommand
{
    private const int Predictions = 5;

    private readonly PromptArgument _prompt = new();
    private readonly ModelChoice _model = new();
    private readonly JsonOption _json = new();

    public LensCommand(ToolContext context)
        : base(context, "lens", "Show what each layer would predict behind each token (the logit lens).")
    {
        Arguments.Add(_prompt);
        foreach (Option option in _model.Options)
            Options.Add(option);
        Options.Add(_json);
    }

    public override string Notes =>
        """
        Layers go down, from the embeddings, which enter the first block, to the last
        block, whose row is what the model predicts; the tokens of the prompt go across.
        A cell is the likeliest next token there, with its probability.

        JSON:
          model   the folder
          prompt  the prompt
          tokens  its tokens, of each: id, text
          layers  of each: layer (its name), predictions: for each token of the prompt
                  the five likeliest, of each: id, text, probability (0 to 1)
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook lens \"The capital of France is\"", "Where the answer appears first."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string prompt = _prompt.Text(Context, arguments);
        using LanguageModel model = _model.Read(Context, arguments);
        var lens = LogitLens.Run(model, prompt, Math.Min(Predictions, model.VocabularySize), Context.Cancellation);
        var report = new LensReport(
            _model.Folder(arguments),
            prompt,
            TokenItem.Pair(lens.TokenIds, lens.Tokens),
            [.. lens.Layers.Select((layer, i) => new LensLayer(layer, [.. lens.Tokens.Select((_, position) => lens[i, position])]))]);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            LensView.Write(Context.Out, report);
    }
}
