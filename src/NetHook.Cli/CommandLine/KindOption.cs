using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--kind</c>: which states of the model are put in place of others.</summary>
internal sealed class KindOption : Option<string>
{
    private const string All = "all";

    public KindOption()
        : base("--kind", "-k")
    {
        HelpName = string.Join('|', AllNames);
        Description = "Which states: what a block returns (hidden), what its MLP or its attention adds, or each of the three. Default: hidden.";
        this.AcceptOnlyFromAmong([.. AllNames]);
    }

    public static IEnumerable<string> AllNames => Enum.GetValues<StateKind>().Select(NameOf).Append(All);

    public static string NameOf(StateKind kind) => kind switch
    {
        StateKind.Hidden => "hidden",
        StateKind.Mlp => "mlp",
        _ => "attn",
    };

    /// <summary>"MLP outputs restored, 3 layers at once".</summary>
    public static string Describe(StateKind kind, int window, string done)
    {
        string states = kind switch
        {
            StateKind.Hidden => "Hidden states",
            StateKind.Mlp => "MLP outputs",
            _ => "Attention outputs",
        };
        return $"{states} {done}{(window == 1 ? "" : $", {window} layers at once")}";
    }

    public IReadOnlyList<StateKind> Kinds(ParseResult arguments) => Kinds(arguments.GetValue(this));

    /// <summary>The kinds of a name, or the default.</summary>
    public static IReadOnlyList<StateKind> Kinds(string? name)
    {
        string asked = name ?? NameOf(StateKind.Hidden);
        return [.. Enum.GetValues<StateKind>().Where(kind => asked == All || asked == NameOf(kind))];
    }
}
