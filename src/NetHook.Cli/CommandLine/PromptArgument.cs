using System.CommandLine;

namespace NetHook.Cli;

/// <summary>A text for the model, which the command line must hold.</summary>
internal sealed class PromptArgument : Argument<string>
{
    public PromptArgument(string name = "PROMPT", string description = "The text to run.")
        : base(name) => Description = description;
}
