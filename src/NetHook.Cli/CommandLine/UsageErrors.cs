using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetHook.Cli;

/// <summary>Says what is wrong with a command line.</summary>
internal static class UsageErrors
{
    /// <summary>The first thing wrong, as one line that says where help is; null where nothing is.</summary>
    public static string? First(ParseResult parsed) =>
        Problem(parsed) is { } problem ? $"{problem} See '{Path(parsed.CommandResult)} --help'." : null;

    private static string? Problem(ParseResult parsed)
    {
        // Help clears what else is wrong, and the parser would take a misspelt option for the prompt.
        if (parsed.Errors.Count > 0 || parsed.Action is not HelpWithExamples)
        {
            foreach (Token token in parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash))
            {
                if (token is { Type: TokenType.Argument, Value: ['-', '-', _, ..] })
                    return $"'{token.Value}' is not expected here.{DidYouMean(token.Value, OptionsOf(parsed.CommandResult.Command))} Options are spelt as in the help; a text that begins with -- goes behind a lone --.";
            }
        }

        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens is [var extra, ..])
        {
            if (extra is ['-', _, ..])
                return $"'{extra}' is not an option of {command.Name}.{DidYouMean(extra, OptionsOf(command))}";
            return command.Arguments.Count > 0
                ? $"'{extra}' is one argument too many: a text with spaces needs quotes."
                : $"'{extra}' is not a command of {command.Name}; there are {string.Join(", ", command.Subcommands.Select(each => each.Name))}.{DidYouMean(extra, command.Subcommands.Select(each => each.Name))}";
        }

        foreach (SymbolResult given in parsed.CommandResult.Children)
        {
            if (given.Tokens.Any(token => token.Value.Length == 0))
                return given is OptionResult { Option: var option, IdentifierToken: var name } ? $"{name?.Value ?? option.Name} is given an empty {option.HelpName}." : $"The {((ArgumentResult)given).Argument.Name} is empty.";
        }

        return parsed.Errors is [var first, ..] ? first.Message : null;
    }

    private static IEnumerable<string> OptionsOf(Command command) =>
        command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name)).Append("--help");

    private static string DidYouMean(string given, IEnumerable<string> names) => MessageText.DidYouMean(NearestNames.To(given.Split('=')[0], names));

    private static string Path(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : command.Command.Name;
}
