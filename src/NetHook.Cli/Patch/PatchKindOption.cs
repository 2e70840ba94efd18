using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--kind</c> of <c>nethook patch</c>: states, or parts of heads.</summary>
internal sealed class PatchKindOption : Option<string>
{
    public PatchKindOption()
        : base("--kind", "-k")
    {
        string[] names = [.. KindOption.AllNames, .. Enum.GetValues<HeadPart>().Select(NameOf)];
        HelpName = string.Join('|', names);
        Description = "Which states: what a block returns (hidden), what its MLP or its attention adds, or each of the three (all); or one part of each head: its output (head), queries, keys, values, pattern. Default: hidden.";
        this.AcceptOnlyFromAmong(names);
    }

    public static string NameOf(HeadPart part) => part switch
    {
        HeadPart.Query => "q",
        HeadPart.Key => "k",
        HeadPart.Value => "v",
        HeadPart.Pattern => "pattern",
        _ => "head",
    };

    public IReadOnlyList<StateKind> Kinds(ParseResult arguments) => KindOption.Kinds(arguments.GetValue(this));

    /// <summary>The part of heads that was asked for; null for states.</summary>
    public HeadPart? Part(ParseResult arguments) => arguments.GetValue(this) is { } name
        ? Enum.GetValues<HeadPart>().Where(part => NameOf(part) == name).Select(part => (HeadPart?)part).FirstOrDefault()
        : null;
}
