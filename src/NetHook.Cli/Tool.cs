using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>The tool: parses a command line, runs the command, and says in an exit code how it went.</summary>
internal static class Tool
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int UsageError = 2;

    // As sysexits.h has it for errors of the program itself.
    public const int Bug = 70;

    // 128 + SIGINT, as shells have it.
    public const int Interrupted = 130;

    public static string Version =>
        typeof(Tool).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "What nobody foresaw is reported, and ends the process.")]
    public static int Run(IReadOnlyList<string> arguments, ToolContext context)
    {
        try
        {
            return Run(new RootCommand(context), arguments, context);
        }
        catch (OperationCanceledException e) when (context.Cancellation.IsCancellationRequested)
        {
            return Say(context, Kept(e), Interrupted);
        }
        catch (Exception e) when (Answers.Of(e) is { } answer)
        {
            return Say(context, answer, Failure);
        }
        catch (Exception e)
        {
            BugReport.Write(context.Error.Profile.Out.Writer, e);
            return Bug;
        }
    }

    /// <summary>What is kept of work that was interrupted.</summary>
    private static string Kept(OperationCanceledException e) => e switch
    {
        InterruptedException => e.Message,
        StatisticsInterruptedException { Batches: var batches } kept =>
            $"Interrupted. {Figures.Count(batches, "batch", "batches")} ({Figures.WholePercent(kept.Share)} of the work) {(batches == 1 ? "is" : "are")} saved in {kept.Path}: the same command goes on from there.",
        CausalTraceInterruptedException { Facts: var facts } kept =>
            $"Interrupted. {Figures.Count(facts)} of {Figures.Count(kept.AllFacts, "fact")} {(facts == 1 ? "is" : "are")} saved in {kept.Path}: the same command goes on from there.",
        _ => "Interrupted.",
    };

    private static int Run(RootCommand root, IReadOnlyList<string> arguments, ToolContext context)
    {
        // Without response files, a prompt may begin with @.
        var settings = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        if (Suggestions.Answer(root, arguments, settings, context.Out.Profile.Out.Writer))
            return Success;
        ParseResult parsed = CommandLineParser.Parse(root, arguments, settings);
        if (UsageErrors.First(parsed) is { } error)
            return Say(context, error, UsageError);
        return parsed.Invoke(new InvocationConfiguration
        {
            Output = context.Out.Profile.Out.Writer,
            Error = context.Error.Profile.Out.Writer,
            EnableDefaultExceptionHandler = false,
        });
    }

    private static int Say(ToolContext context, string message, int code)
    {
        string[] lines = message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        context.Error.Profile.Out.Writer.WriteLine($"nethook: {string.Join(' ', lines)}");
        return code;
    }
}
