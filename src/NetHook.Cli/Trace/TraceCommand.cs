using System.CommandLine;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary><c>nethook trace</c>: what each layer of a model gives for a prompt, and the next token.</summary>
internal sealed class TraceCommand : ToolCommand
{
    private const int NextTokens = 5;

    private readonly PromptArgument _prompt = new();
    private readonly ModelChoice _model = new();

    private readonly Option<string[]> _layers = new("--layers", "-l")
    {
        HelpName = "GLOB",
        Description = "Which layers to trace, as 'nethook layers' names them; may be given several times. \"**\" is all. Without it: the embeddings, each block with its attention and MLP, and the head.",
    };

    private readonly Option<string> _stopAt = new("--stop-at")
    {
        HelpName = "LAYER",
        Description = "End the pass after this layer, which is traced too: its name, or a GLOB that matches it alone.",
    };

    private readonly Option<string> _out = new("--out", "-o")
    {
        HelpName = "FILE",
        Description = "Save the outputs of the traced layers under their names, in safetensors format.",
    };

    private readonly JsonOption _json = new();

    public TraceCommand(ToolContext context)
        : base(context, "trace", "Run a prompt, and show what each layer gives and which token comes next.")
    {
        Arguments.Add(_prompt);
        foreach (Option option in _model.Options)
            Options.Add(option);
        Options.Add(_layers);
        Options.Add(_stopAt);
        Options.Add(_out);
        Options.Add(_json);
    }

    public override string Notes =>
        """
        Layers come in the order in which they begin to run. Mean, standard deviation
        and norm are over all elements of a layer's output. The time of a layer includes
        the layers inside it. The model runs once, so that the first layers also pay
        for what torch sets up at its first pass.

        JSON:
          model       the folder
          prompt      the prompt
          tokens      its tokens, of each: id, text
          stoppedAt   the layer of --stop-at, or null
          nextTokens  of each: id, text, probability (0 to 1); null with --stop-at
          layers      of each: layer (its name), type, shape, mean, std, norm,
                      milliseconds; a number may be "NaN", "Infinity", "-Infinity"
          saved       the file of --out, or null
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook trace \"The capital of France is\"", "What each block adds, and the next token."),
        new("nethook trace \"The capital of France is\" --layers \"**.mlp\" --layers \"**.attn\"", "The layers of your choice."),
        new("nethook trace \"Paris\" --layers \"**\" --stop-at \"**.h.1\" --out paris.safetensors", "The first two blocks in full, for Python's safetensors."),
        new("nethook trace \"Paris\" --json | jq .nextTokens[0].text", "For another program."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? save = arguments.GetValue(_out);
        if (save is not null)
            OutputFile.Check(save);
        string prompt = _prompt.Text(Context, arguments);

        using LanguageModel model = _model.Read(Context, arguments);
        IReadOnlyList<int> tokens = model.Tokenizer.Encode(prompt);
        string? stopAt = arguments.GetValue(_stopAt) is { } stop ? LayerSelection.OneOf(model.Model, stop) : null;
        using var pass = new TracedPass(model.Model, Selection(arguments, model, stopAt), stopAt, Context.Cancellation);
        IReadOnlyList<NextToken>? next = pass.Run(() => model.NextTokens(tokens, Math.Min(NextTokens, model.VocabularySize), Context.Cancellation));
        if (save is not null)
            Save(save, pass, prompt);

        var report = new TraceReport(
            _model.Folder(arguments),
            prompt,
            TokenItem.AllOf(model.Tokenizer, tokens),
            stopAt,
            next,
            [.. pass.Ran.Select(pass.Describe)],
            save);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            TraceView.Write(Context.Out, report);
    }

    private IReadOnlyList<string> Selection(ParseResult arguments, LanguageModel model, string? stopAt)
    {
        IReadOnlyList<string> layers = arguments.GetValue(_layers) is { Length: > 0 } patterns ? LayerSelection.Of(model.Model, patterns) : Usual(model.Layout);
        return stopAt is not null && !layers.Contains(stopAt) ? [.. layers, stopAt] : layers;
    }

    /// <summary>What flows from block to block, and what each block adds to it.</summary>
    private static IReadOnlyList<string> Usual(TransformerLayout layout)
    {
        IEnumerable<string> Block(int layer) =>
            [layout.Block(layer), .. Optional(layout.AttentionPath, layout.Attention, layer), .. Optional(layout.MlpPath, layout.Mlp, layer)];
        IEnumerable<string> Optional(string? place, Func<int, string> path, int layer) => place is null ? [] : [path(layer)];
        return [layout.Embedding, .. Enumerable.Range(0, layout.Layers).SelectMany(Block), .. layout.Readout];
    }

    private void Save(string path, TracedPass pass, string prompt)
    {
        Context.Cancellation.ThrowIfCancellationRequested();
        SafetensorsFile.Save(path, pass.Ran.ToDictionary(layer => layer, pass.Output), new Dictionary<string, string> { ["format"] = "pt", ["prompt"] = prompt });
    }
}
