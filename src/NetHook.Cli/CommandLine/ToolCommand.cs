using System.CommandLine;

namespace NetHook.Cli;

/// <summary>A command: what it is called and takes, examples for its help, and what it does.</summary>
internal abstract class ToolCommand : Command
{
    protected ToolCommand(ToolContext context, string name, string description)
        : base(name, description)
    {
        Context = context;
        SetAction(arguments =>
        {
            Run(arguments);
            return ExitCode;
        });
    }

    /// <summary>Shown at the end of the command's help, as they are typed.</summary>
    public abstract IReadOnlyList<CommandExample> Examples { get; }

    /// <summary>What else a user must know, such as the names in JSON output; shown before the examples.</summary>
    public virtual string? Notes => null;

    protected ToolContext Context { get; }

    /// <summary>What the process ends with if nothing is thrown.</summary>
    protected int ExitCode { get; set; } = Tool.Success;

    /// <summary>Does what was asked, writing the result to <see cref="ToolContext.Out"/>; throws where it cannot be done.</summary>
    protected abstract void Run(ParseResult arguments);
}
