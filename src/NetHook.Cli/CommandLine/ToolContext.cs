using System.Text;
using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>What surrounds a command while it runs.</summary>
/// <param name="Out">Standard output: the result, and nothing else.</param>
/// <param name="Error">Standard error: errors, notes and progress.</param>
/// <param name="Cancellation">Cancelled by Ctrl-C. Long work looks at it often and throws.</param>
internal sealed record ToolContext(IAnsiConsole Out, IAnsiConsole Error, CancellationToken Cancellation)
{
    /// <summary>Standard input.</summary>
    public TextReader In { get; init; } = Console.In;

    /// <summary>Told of each model that a command has read, before it runs.</summary>
    public Action<LanguageModel>? ModelWasRead { get; init; }

    // Lines for another program are never folded: a table is as wide as what it holds.
    private const int PipedWidth = 10_000;

    public static ToolContext ForThisProcess(CancellationToken cancellation)
    {
        // Elsewhere than on Windows a terminal's encoding is the user's setting.
        if (OperatingSystem.IsWindows())
            Console.OutputEncoding = Encoding.UTF8;
        return new(Open(Console.Out, Console.IsOutputRedirected), Open(Console.Error, Console.IsErrorRedirected), cancellation);
    }

    /// <summary>Says something that is no error on standard error.</summary>
    public void Note(string text) => Error.Profile.Out.Writer.WriteLine($"nethook: note: {text}");

    private static IAnsiConsole Open(TextWriter writer, bool piped)
    {
        if (!piped)
            return AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = PipedWidth;
        return console;
    }
}
