using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--from</c> and <c>--to</c> of <c>nethook patch</c>.</summary>
internal sealed class PathEndsOptions
{
    private readonly Option<string> _from = new("--from") { HelpName = "NODE", Description = "Patch one path, which begins here: a head such as 1.2, or mlp.1." };
    private readonly Option<string> _to = new("--to") { HelpName = "NODE", Description = "Where that path ends: 3.1.q, 3.1.k, 3.1.v, mlp.3 or logits." };

    public IEnumerable<Option> All => [_from, _to];

    /// <summary>The ends of the path; null if none was asked for.</summary>
    /// <exception cref="ToolException">One is missing, or is no part of a model.</exception>
    public (PathNode Sender, PathNode Receiver)? Ends(ParseResult arguments)
    {
        (string? from, string? to) = (arguments.GetValue(_from), arguments.GetValue(_to));
        if (from is null != to is null)
            throw new ToolException("A path has two ends: give both --from and --to.");
        return from is null ? null : (Parse("--from", from), Parse("--to", to!));
    }

    private static PathNode Parse(string option, string text)
    {
        try
        {
            return PathNode.Parse(text);
        }
        catch (FormatException e)
        {
            throw new ToolException($"{option}: {e.Message}");
        }
    }
}
