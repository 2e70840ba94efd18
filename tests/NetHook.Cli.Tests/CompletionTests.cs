namespace NetHook.Cli.Tests;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("nethook tr", "trace")]
    [InlineData("nethook ed", "edit")]
    [InlineData("nethook trace --d", "--device", "--dtype")]
    [InlineData("nethook trace Paris --dtype ", "bf16", "f16", "f32")]
    [InlineData("nethook completion f", "fish")]
    [InlineData("nethook stats m", "merge")]
    [InlineData("nethook trace \"The capital\" --js", "--json")]
    [InlineData("nethook trace --no-such")]
    public void Words_that_fit_the_end_of_a_line_are_suggested(string line, params string[] words)
    {
        Assert.Equal(words, Suggested("[suggest]", line));
        Assert.Equal(words, Suggested($"[suggest:{line.Length}]", line));
        Assert.Equal(words, Suggested($"[suggest:{line.Length + 100}]", line));
    }

    [Fact]
    public void Words_that_fit_the_cursor_are_suggested_whatever_is_behind_it()
    {
        Assert.Equal(["trace"], Suggested("[suggest:10]", "nethook trace --d"));
        Assert.Contains("layers", Suggested("[suggest:8]", "nethook layers"));
        Assert.Contains("layers", Suggested("[suggest]", "nethook "));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    [InlineData("zsh")]
    public void Script_of_a_shell_says(string shell) => Approved.Check($"completion-{shell}", ToolRun.Of("completion", shell).Result);

    [Fact]
    public void Shell_that_is_not_known_is_refused() =>
        Assert.StartsWith("Argument 'csh' not recognized. Must be one of:", ToolRun.Of("completion", "csh").Line(Tool.UsageError), StringComparison.Ordinal);

    private static string[] Suggested(params string[] arguments) => ToolRun.Of(arguments).Result.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
