using System.CommandLine;

namespace NetHook.Cli;

/// <summary>A text for the model, which the command line must hold; <c>-</c> stands for what standard input holds.</summary>
internal sealed class PromptArgument : Argument<string>
{
    private const string StandardInput = "-";

    public PromptArgument(string name = "PROMPT", string description = "The text to run; - reads it from standard input.")
        : base(name) => Description = description;

    /// <summary>The prompt.</summary>
    /// <exception cref="ToolException">Standard input is empty.</exception>
    public string Text(ToolContext context, ParseResult arguments)
    {
        string given = arguments.GetRequiredValue(this);
        if (given != StandardInput)
            return given;

        // A terminal may keep its reader waiting for long.
        string text = Task.Run(context.In.ReadToEnd).WaitAsync(context.Cancellation).GetAwaiter().GetResult().ReplaceLineEndings("\n");

        // Most programs end what they write by a new line.
        text = text.EndsWith('\n') ? text[..^1] : text;
        return text.Length > 0 ? text : throw new ToolException($"Standard input is empty, and {Name} is read from it: - stands for that.");
    }
}
