using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>nethook completion</c>: a script that makes a shell complete command lines of the tool.</summary>
internal sealed class CompletionCommand : ToolCommand
{
    private readonly Argument<string> _shell = new("SHELL") { Description = "bash, zsh, fish or pwsh." };

    public CompletionCommand(ToolContext context)
        : base(context, "completion", "Print a script that completes commands in a shell.")
    {
        _shell.AcceptOnlyFromAmong([.. CompletionScripts.All.Keys]);
        Arguments.Add(_shell);
    }

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook completion bash", "In ~/.bashrc: source <(nethook completion bash)"),
        new("nethook completion zsh", "In ~/.zshrc, behind compinit: source <(nethook completion zsh)"),
        new("nethook completion fish", "In ~/.config/fish/config.fish: nethook completion fish | source"),
        new("nethook completion pwsh", "In $PROFILE: nethook completion pwsh | Out-String | Invoke-Expression"),
    ];

    protected override void Run(ParseResult arguments) => Context.Out.Line(CompletionScripts.All[arguments.GetRequiredValue(_shell)]);
}
