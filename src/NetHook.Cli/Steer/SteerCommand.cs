using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>nethook steer</c>: steering vectors, made and tried.</summary>
internal sealed class SteerCommand : ToolCommand
{
    public SteerCommand(ToolContext context)
        : base(context, "steer", "Make a steering vector, and try it.")
    {
        Subcommands.Add(new SteerMakeCommand(context));
        Subcommands.Add(new SteerTryCommand(context));
    }

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook steer make --positives good.txt --negatives bad.txt --layer 3 --out good.safetensors", "A direction from contrasting prompts."),
        new("nethook steer try good.safetensors \"I think that\" --strength 4", "What it does, beside a random one of the same norm."),
        new("nethook generate \"I think that\" --steer good.safetensors:4", "A text that it steers."),
    ];

    protected override void Run(ParseResult arguments) => new HelpWithExamples().Invoke(arguments);
}
