using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--sever</c>: which modules of the restored token stay as in the corrupted run.</summary>
internal sealed class SeverOption : Option<string>
{
    private static readonly StateKind[] Kinds = [StateKind.Mlp, StateKind.Attention];

    public SeverOption()
        : base("--sever")
    {
        string[] names = [.. Kinds.Select(KindOption.NameOf)];
        HelpName = string.Join('|', names);
        Description = "Keep the MLPs or the attention of the restored token as in the corrupted run (section 2.3).";
        this.AcceptOnlyFromAmong(names);
    }

    public StateKind? Kind(ParseResult arguments) =>
        arguments.GetValue(this) is { } name ? Kinds.Single(kind => KindOption.NameOf(kind) == name) : null;
}
