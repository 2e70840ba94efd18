using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>--json</c>: the result for another program.</summary>
internal sealed class JsonOption : Option<bool>
{
    public JsonOption()
        : base("--json") => Description = "Write the result as JSON, and nothing else.";
}
