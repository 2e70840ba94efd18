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
        HelpName = "KIND";
        Description = "hidden (what a block returns), mlp or attn (what it adds) or all, which is these three; or of each head its output (head), queries (q), keys (k), values (v) or pattern. Default: hidden.";
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
