using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using NetHook.Interpretability;
using Spectre.Console.Testing;

namespace NetHook.Cli.Tests;

public sealed partial class HelpTests
{
    public static TheoryData<string, string[]> Pages => new()
    {
        { "help", [] },
        { "help", ["--help"] },
        { "help", ["-h"] },
        { "help-trace", ["trace", "--help"] },
        { "help-trace", ["trace", "a prompt", "-h"] },
        { "help-layers", ["layers", "--help"] },
        { "help-lens", ["lens", "--help"] },
        { "help-generate", ["generate", "--help"] },
        { "help-causal-trace", ["causal-trace", "--help"] },
        { "help-causal-trace-merge", ["causal-trace", "merge", "--help"] },
        { "help-patch", ["patch", "--help"] },
        { "help-edit", ["edit", "--help"] },
        { "help-evaluate-edits", ["evaluate-edits", "--help"] },
        { "help-stats", ["stats", "--help"] },
        { "help-stats-merge", ["stats", "merge", "--help"] },
        { "help-steer", ["steer"] },
        { "help-steer", ["steer", "--help"] },
        { "help-steer-make", ["steer", "make", "--help"] },
        { "help-steer-try", ["steer", "try", "--help"] },
        { "help-doctor", ["doctor", "--help"] },
        { "help-completion", ["completion", "--help"] },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public void Help_says(string name, string[] arguments) => Approved.Check(name, ToolRun.Of(arguments).Result);

    [Fact]
    public void Help_of_the_root_is_one_screen() => Assert.InRange(ToolRun.Of().Result.Split('\n').Length, 10, 48);

    [Fact]
    public void Version_is_a_number_alone() => Assert.Matches(@"^\d+\.\d+\.\d+\n$", ToolRun.Of("--version").Result);

    [Fact]
    public void Every_command_has_examples_that_parse_as_they_stand()
    {
        using var console = new TestConsole();
        var root = new RootCommand(new ToolContext(console, console, CancellationToken.None));
        foreach (ToolCommand command in All(root))
        {
            Assert.NotEmpty(command.Examples);
            foreach (CommandExample example in command.Examples)
            {
                IEnumerable<string> words = Words().Matches(example.Line.Split('|')[0]).Select(match => match.Value.Trim('"'));
                ParseResult parsed = CommandLineParser.Parse(root, [.. words.Skip(1)]);
                Assert.Equal((example.Line, null), (example.Line, UsageErrors.First(parsed)));
            }
        }
    }

    [Fact]
    public void Statistics_of_the_example_are_those_that_an_edit_of_the_bundled_model_needs()
    {
        const string Glob = "**.0.mlp.act";
        using var model = LanguageModel.Bundled();
        string layer = model.Layout.MlpKeys(RomeOptions.Load(Path.Combine(BundledModel.Folder, RomeOptions.FileName)).Layer);

        Assert.Equal([layer], model.Model.ModuleNames(Glob));
        Assert.Contains($"nethook stats corpus.txt --layers \"{Glob}\" --statistic second-moment --out keys.safetensors\n", ToolRun.Of("stats", "--help").Result, StringComparison.Ordinal);
        Assert.Contains(" --stats keys.safetensors ", ToolRun.Of("edit", "--help").Result, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_symbol_is_described()
    {
        using var console = new TestConsole();
        foreach (ToolCommand command in All(new RootCommand(new ToolContext(console, console, CancellationToken.None))))
            Assert.All<Symbol>([command, .. command.Arguments, .. command.Options], symbol => Assert.False(string.IsNullOrEmpty(symbol.Description), symbol.Name));
    }

    private static IEnumerable<ToolCommand> All(Command command) => command.Subcommands.SelectMany(All).Prepend((ToolCommand)command);

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Words();
}
