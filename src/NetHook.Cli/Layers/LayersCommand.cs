using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook layers</c>: which layers a model has, and how many parameters they hold.</summary>
internal sealed class LayersCommand : ToolCommand
{
    private readonly Argument<string> _pattern = new("GLOB")
    {
        Description = "Which layers: * is any part of a name, ** any number of names, {a,b} either, [0-9] one character of those. Without it: all.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly ModelOption _model = new();
    private readonly JsonOption _json = new();

    public LayersCommand(ToolContext context)
        : base(context, "layers", "List a model's layers and their parameters.")
    {
        Arguments.Add(_pattern);
        Options.Add(_model);
        Options.Add(_json);
    }

    public override string Notes =>
        """
        The parameters of a layer include those of the layers inside it. A weight shared
        by several layers is counted in each of them, but once in the total.

        JSON:
          model       the folder
          parameters  how many in all
          layers      of each: layer (its name), type, parameters (how many)
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook layers", "All layers of the model that comes with the tool."),
        new("nethook layers \"**.mlp.*\" --model ./gpt2", "What the MLPs of your own GPT-2 are made of."),
    ];

    protected override void Run(ParseResult arguments)
    {
        using DecoderModel model = _model.ReadLayers(arguments);
        var list = LayerList.Of(model, arguments.GetValue(_pattern) ?? "**", _model.Folder(arguments));
        if (arguments.GetValue(_json))
            ReportJson.Write(Context.Out, list);
        else
            LayerListView.Write(Context.Out, list);
    }
}
