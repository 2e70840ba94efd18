using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>The tool: parses a command line, runs the command, and says in an exit code how it went.</summary>
internal static partial class Tool
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int UsageError = 2;

    // 128 + SIGINT, as shells have it.
    public const int Interrupted = 130;

    public static int Run(IReadOnlyList<string> arguments, ToolContext context)
    {
        // Without response files, a prompt may begin with @.
        var settings = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        ParseResult parsed = CommandLineParser.Parse(new RootCommand(context), arguments, settings);
        if (UsageErrors.First(parsed) is { } error)
            return Say(context, error, UsageError);
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = context.Out.Profile.Out.Writer,
                Error = context.Error.Profile.Out.Writer,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (OperationCanceledException e) when (context.Cancellation.IsCancellationRequested)
        {
            return Say(context, e is InterruptedException ? e.Message : "Interrupted.", Interrupted);
        }
        catch (Exception e) when (IsAnswer(e))
        {
            return Say(context, Message(e), Failure);
        }
    }

    /// <summary>What is thrown where the fault is in what was asked. Anything else is a fault of the tool, and shows its stack trace.</summary>
    private static bool IsAnswer(Exception e) =>
        e is ToolException or IOException or UnauthorizedAccessException or KeyNotFoundException or ArgumentException
            or LayerNotRunException or NonFiniteException or ExternalException;

    /// <summary>What an exception says, as far as it means something on a command line: names of the library's parameters do not, nor does libtorch's stack.</summary>
    internal static string Message(Exception e)
    {
        string message = e.Message.Replace("set Ridge", "give --ridge", StringComparison.Ordinal);
        return e switch
        {
            ArgumentException { ParamName: { } name } => message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
            ExternalException => NativeStack().Split(message, 2)[0].Trim(),
            _ => message,
        };
    }

    private static int Say(ToolContext context, string message, int code)
    {
        string[] lines = message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        context.Error.Profile.Out.Writer.WriteLine($"nethook: {string.Join(' ', lines)}");
        return code;
    }

    [GeneratedRegex(@"Exception raised from|^frame #\d+:", RegexOptions.Multiline)]
    private static partial Regex NativeStack();
}
