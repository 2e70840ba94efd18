using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>--ridge</c>: what makes statistics of few tokens fit for edits.</summary>
internal sealed class RidgeOption : Option<double?>
{
    public RidgeOption()
        : base("--ridge")
    {
        HelpName = "R";
        Description = "What is added to the diagonal of the keys' statistics, as a part of its mean: for a short text. Default: what rome.json says, else 0.";
    }
}
