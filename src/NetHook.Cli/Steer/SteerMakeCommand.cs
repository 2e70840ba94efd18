using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook steer make</c>: a steering vector of contrasting prompts.</summary>
internal sealed class SteerMakeCommand : ToolCommand
{
    private const string Pairs = "add", Means = "mean", Component = "pca";

    private readonly ModelChoice _model = new();
    private readonly Option<string> _positives = Required("--positives", "FILE", "A file with a prompt in each line, each ending as the model is to go on.");
    private readonly Option<string> _negatives = Required("--negatives", "FILE", "The same of the contrary: line i is the pair of line i of the positives.");
    private readonly Option<int> _layer = new("--layer", "-l") { HelpName = "N", Required = true, Description = "The block whose output is steered, from 0." };
    private readonly Option<string> _method = new("--method") { HelpName = $"{Pairs}|{Means}|{Component}", Description = "The mean of the pairs' differences (add), the difference of means, or the first principal component of the differences. Default: add." };
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Required = true, Description = "The file to save to, in safetensors format." };
    private readonly JsonOption _json = new();

    public SteerMakeCommand(ToolContext context)
        : base(context, "make", "Make a steering vector of contrasting prompts.")
    {
        _method.AcceptOnlyFromAmong(Pairs, Means, Component);
        foreach (Option option in (Option[])[_positives, _negatives, _layer, _method, _out, .. _model.Options, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        The prompts run up to the layer, in batches of 16, and their last tokens count.
        'add' is contrastive activation addition (Rimsky et al. 2023); 'mean' takes
        different numbers of prompts too. The file names the model, the layer, and how
        the vector was made.

        JSON:
          model   the folder
          layer   the layer's name
          method  how the vector was made
          norm, features
          saved   the file
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook steer make --positives good.txt --negatives bad.txt --layer 3 --out good.safetensors", "By the mean of the pairs' differences."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string path = arguments.GetRequiredValue(_out);
        OutputFile.Check(path);
        string[] positives = PromptLines.Of(arguments.GetRequiredValue(_positives)), negatives = PromptLines.Of(arguments.GetRequiredValue(_negatives));
        using LanguageModel model = _model.Read(Context, arguments);
        using SteeringVector vector = WorkProgress.Show(Context, "Running prompts", progress => SteeringVector.FromPairs(
            model, positives, negatives, arguments.GetValue(_layer), Method(arguments), progress, Context.Cancellation));
        vector.Save(path);
        using TorchSharp.torch.Tensor tensor = vector.Vector;
        if (arguments.GetValue(_json))
        {
            ReportJson.Write(Context.Out, new SteerMakeReport(_model.Folder(arguments), vector.Layer, vector.Method!, vector.Norm, tensor.shape[0], path));
            return;
        }

        Context.Out.Line($"{vector}");
        Context.Out.Line($"Saved to {path}.");
    }

    private SteeringMethod Method(ParseResult arguments) => arguments.GetValue(_method) switch
    {
        Means => SteeringMethod.DifferenceOfMeans,
        Component => SteeringMethod.PrincipalComponent,
        _ => SteeringMethod.ContrastiveAddition,
    };

    private static Option<string> Required(string name, string help, string description) => new(name) { HelpName = help, Required = true, Description = description };
}
