using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook convert</c>: a folder with <c>pytorch_model.bin</c> as one with <c>model.safetensors</c>.</summary>
internal sealed class ConvertCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "A folder with config.json and pytorch_model.bin, or several .bin files and their index." };
    private readonly Option<string> _out = new("--out", "-o") { Description = "The new folder.", HelpName = "FOLDER", Required = true };

    public ConvertCommand(ToolContext context)
        : base(context, "convert", "Rewrite pytorch_model.bin as safetensors.")
    {
        Arguments.Add(_folder);
        Options.Add(_out);
    }

    public override string Notes =>
        """
        A pickle is a program, and this one comes from the internet: nothing of it is
        run. It may name tensors and nothing else; anything else is refused by name.
        Settings and the tokenizer's files are copied.
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook convert ./gpt2-old --out ./gpt2", "Then load it: nethook layers --model ./gpt2"),
    ];

    protected override void Run(ParseResult arguments)
    {
        string folder = arguments.GetRequiredValue(_folder), output = arguments.GetRequiredValue(_out);
        OutputFolder.Check(output);
        int count = PickledCheckpoint.Convert(folder, output);
        Context.Out.Line($"Saved {count} tensors to {output}.");
    }
}
