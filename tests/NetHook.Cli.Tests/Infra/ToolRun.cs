using NetHook.Interpretability;
using Spectre.Console;
using Spectre.Console.Testing;

namespace NetHook.Cli.Tests;

/// <summary>One run of the tool inside this process: its exit code, and what it wrote.</summary>
internal sealed record ToolRun(int Code, string Out, string Error)
{
    private const int Width = 80;

    public static ToolRun Of(params string[] arguments) => Of(CancellationToken.None, arguments);

    public static ToolRun Of(CancellationToken cancellation, params string[] arguments) => Of(arguments, null, "", cancellation);

    /// <summary>A run that reads something from standard input.</summary>
    public static ToolRun WithInput(string input, params string[] arguments) => Of(arguments, null, input, CancellationToken.None);

    /// <summary>A run whose model is given to the test before the command runs it.</summary>
    public static ToolRun Of(string[] arguments, Action<LanguageModel>? modelWasRead, string input, CancellationToken cancellation)
    {
        using var output = new TestConsole();
        using var error = new TestConsole();
        using var reader = new StringReader(input);
        int code = Tool.Run(arguments, new ToolContext(Plain(output), Plain(error), cancellation) { In = reader, ModelWasRead = modelWasRead });
        return new(code, output.Output, error.Output);
    }

    private static TestConsole Plain(TestConsole console)
    {
        console.Profile.Capabilities.Ansi = false;
        return console.Width(Width).Colors(ColorSystem.NoColors);
    }

    /// <summary>What it wrote, of a run that must succeed quietly.</summary>
    public string Result
    {
        get
        {
            Assert.Equal((Tool.Success, ""), (Code, Error));
            return Out;
        }
    }

    /// <summary>The one line of an error that must be all it wrote.</summary>
    public string Line(int code)
    {
        Assert.Equal((code, ""), (Code, Out));
        Assert.StartsWith("nethook: ", Error, StringComparison.Ordinal);
        Assert.Single(Error, '\n');
        return Error["nethook: ".Length..].TrimEnd();
    }
}
