using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace NetHook.Cli;

/// <summary>
/// Words that may stand at a place of a command line, by the protocol of <c>dotnet-suggest</c>:
/// <c>nethook "[suggest:10]" "nethook tr"</c> gives one word a line.
/// </summary>
internal static partial class Suggestions
{
    /// <summary>Answers if that is what was asked.</summary>
    public static bool Answer(Command root, IReadOnlyList<string> arguments, ParserConfiguration settings, TextWriter output)
    {
        if (arguments is not [var directive, ..] || Directive().Match(directive) is not { Success: true } asked)
            return false;
        string line = arguments.Count > 1 ? arguments[1] : "";
        int position = int.TryParse(asked.Groups["position"].Value, CultureInfo.InvariantCulture, out int given) ? Math.Min(given, line.Length) : line.Length;

        // What stands behind the cursor says nothing of what may stand before it. A shell completes beginnings alone.
        string before = line[..position], begun = before[(before.LastIndexOf(' ') + 1)..];
        foreach (CompletionItem word in CommandLineParser.Parse(root, before, settings).GetCompletions(position))
        {
            if (word.Label.StartsWith(begun, StringComparison.OrdinalIgnoreCase))
                output.WriteLine(word.Label);
        }

        return true;
    }

    [GeneratedRegex(@"^\[suggest(:(?<position>\d+))?\]$")]
    private static partial Regex Directive();
}
