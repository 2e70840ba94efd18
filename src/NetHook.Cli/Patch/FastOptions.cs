using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--fast</c>, <c>--top</c> and <c>--grad-drop</c> of <c>nethook patch</c>.</summary>
internal sealed class FastOptions
{
    private readonly Option<bool> _fast = new("--fast") { Description = "Estimate a part of each head at each token, head outputs by default, in three passes." };
    private readonly Option<int?> _top = new("--top") { HelpName = "N", Description = "With --fast: how many of the strongest are patched exactly as well. Default: 10." };
    private readonly Option<bool> _gradDrop = new("--grad-drop") { Description = "With --fast: rank by GradDrop, which finds effects that cancel each other." };

    public IEnumerable<Option> All => [_fast, _top, _gradDrop];

    public bool Asked(ParseResult arguments) => arguments.GetValue(_fast);

    /// <summary>Finds out whether options go together.</summary>
    /// <exception cref="ToolException">They do not.</exception>
    public void Check(ParseResult arguments)
    {
        if (!Asked(arguments) && (arguments.GetValue(_top) is not null || arguments.GetValue(_gradDrop)))
            throw new ToolException("--top and --grad-drop say how --fast works: give it too.");
        if (arguments.GetValue(_top) < 1)
            throw new ToolException($"--top is {arguments.GetValue(_top)}: an estimate is nothing without exact values beside it, so give 1 or more.");
    }

    public AttributionOptions Options(ParseResult arguments, HeadPart part) => new()
    {
        Parts = [part],
        Top = arguments.GetValue(_top) ?? new AttributionOptions().Top,
        GradDrop = arguments.GetValue(_gradDrop),
    };
}
