using System.CommandLine;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary><c>nethook trace</c>: what each layer of a model gives for a prompt, and the next token.</summary>
internal sealed class TraceCommand : ToolCommand
{
    // What flows from block to block, and what each block adds to it.
    private static readonly string[] UsualLayers = ["transformer.{wte,wpe}", "transformer.h.*", "transformer.h.*.{attn,mlp}", "transformer.ln_f", "lm_head"];

    private const int NextTokens = 5;

    private readonly PromptArgument _prompt = new();
    private readonly ModelOption _model = new();

    private readonly Option<string[]> _layers = new("--layers", "-l")
    {
        HelpName = "GLOB",
        Description = "Which layers to trace, as 'nethook layers' names them; may be given several times. \"**\" is all. Without it: the embeddings, each block with its attention and MLP, and the head.",
    };

    private readonly Option<string> _stopAt = new("--stop-at")
    {
        HelpName = "LAYER",
        Description = "End the pass after this layer, which is traced too.",
    };

    private readonly Option<string> _out = new("--out", "-o", "--save", "-s")
    {
        HelpName = "FILE",
        Description = "Save the outputs of the traced layers under their names, in safetensors format.",
    };

    private readonly JsonOption _json = new();

    public TraceCommand(ToolContext context)
        : base(context, "trace", "Run a prompt, and show what each layer gives and which token comes next.")
    {
        Arguments.Add(_prompt);
        Options.Add(_model);
        Options.Add(_layers);
        Options.Add(_stopAt);
        Options.Add(_out);
        Options.Add(_json);
    }

    public override string Notes =>
        """
        Layers come in the order in which they begin to run. Mean, standard deviation
        and norm are over all elements of a layer's output. The time is that of one
        pass, after another to warm up, and includes the layers inside the layer.

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
        new("nethook trace \"Paris\" --layers \"**\" --stop-at transformer.h.1 --out paris.safetensors", "The first two blocks in full, for Python's safetensors."),
        new("nethook trace \"Paris\" --json | jq .nextTokens[0].text", "For another program."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string prompt = arguments.GetRequiredValue(_prompt);
        string? save = arguments.GetValue(_out), stopAt = arguments.GetValue(_stopAt);
        if (save is not null)
            OutputFile.Check(save);

        using LanguageModel model = _model.Read(arguments);
        using DisposeScope scope = NewDisposeScope();
        Tensor tokens = model.Tokens(prompt);
        using var pass = new TracedPass(model.Model, Selection(arguments, model.Model), stopAt, Context.Cancellation);
        pass.Run(() => model.Model.call(tokens));
        if (save is not null)
            Save(save, pass, prompt);

        var report = new TraceReport(
            _model.Folder(arguments),
            prompt,
            TokenItem.AllOf(model.Tokenizer, prompt),
            stopAt,
            stopAt is null ? [.. model.NextTokens(prompt, Math.Min(NextTokens, model.Model.Config.VocabSize))] : null,
            [.. pass.Ran.Select(pass.Describe)],
            save);
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, report);
        else
            TraceView.Write(Context.Out, report);
    }

    private IReadOnlyList<string> Selection(ParseResult arguments, Module model)
    {
        IReadOnlyList<string> layers = LayerSelection.Of(model, arguments.GetValue(_layers) is { Length: > 0 } patterns ? patterns : UsualLayers);
        return arguments.GetValue(_stopAt) is { } stopAt && !layers.Contains(stopAt) ? [.. layers, stopAt] : layers;
    }

    private void Save(string path, TracedPass pass, string prompt)
    {
        Context.Cancellation.ThrowIfCancellationRequested();
        SafetensorsFile.Save(path, pass.Ran.ToDictionary(layer => layer, pass.Output), new Dictionary<string, string> { ["format"] = "pt", ["prompt"] = prompt });
    }
}
