using System.Text.RegularExpressions;
using NetHook.Build.Tests;

namespace NetHook.Docs.Tests;

/// <summary>Every command of the tool in a block of shell on a page runs, and prints what the page says it prints, but for times.</summary>
public sealed partial class CommandsOnPagesTests : IDisposable
{
    // Blocks of these commands change the machine or are this test run itself: the package tests and CI run them.
    private static readonly string[] RunElsewhere = ["dotnet add package", "dotnet tool install", "dotnet test", "dotnet format", "bash .ci/run", "CI=true", "dotnet run -c Release --project bench/"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nethook-docs-");

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (Page page in Page.All())
            {
                foreach (CodeBlock block in page.Blocks.Where(block => block.Language == "sh" && Commands(block).Any()))
                    data.Add(page.Name, block.Line);
            }

            return data;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task Block_of_commands_runs_and_prints_what_the_page_says(string page, int line)
    {
        CopyModels();
        CodeBlock block = Page.All().Single(candidate => candidate.Name == page).Blocks.Single(candidate => candidate.Line == line);
        var printed = new List<string>();
        foreach (string[] arguments in Commands(block))
            printed.Add(await Dotnet.Run(_folder.FullName, [Path.Combine(AppContext.BaseDirectory, "NetHook.Cli.dll"), .. arguments]));
        if (block.Output is { } expected)
            Assert.Equal(WithoutTimes(expected), WithoutTimes(string.Concat(printed)));
    }

    [Fact]
    public void Every_other_command_is_one_that_is_run_elsewhere()
    {
        IEnumerable<string> others = Page.All().SelectMany(page => page.Blocks).Where(block => block.Language == "sh").SelectMany(Lines)
            .Where(line => Tool().Match(line) is not { Success: true } && !RunElsewhere.Any(command => line.StartsWith(command, StringComparison.Ordinal)));
        Assert.Empty(others);
    }

    private static IEnumerable<string[]> Commands(CodeBlock block) =>
        Lines(block).Select(line => Tool().Match(line)).Where(match => match.Success)
            .Select(match => Argument().Matches(match.Groups["arguments"].Value).Select(part => part.Value.Trim('"')).ToArray());

    // Without comments, and with lines that go on in the next one joined.
    private static IEnumerable<string> Lines(CodeBlock block) =>
        block.Code.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(line => Comment().Replace(line, "").Trim()).Where(line => line.Length > 0);

    // A table whose last column holds milliseconds is compared without it.
    private static string WithoutTimes(string text)
    {
        bool timed = false;
        var lines = text.TrimEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
        for (int i = 0; i < lines.Count; i++)
        {
            timed = lines[i].Length > 0 && (timed || lines[i].EndsWith(" ms", StringComparison.Ordinal));
            if (timed)
                lines[i] = LastColumn().Replace(lines[i], "");
        }

        return string.Join('\n', lines);
    }

    // Commands on pages name the model's data by their place in the repository.
    private void CopyModels()
    {
        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("models"), "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder.FullName, Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    [GeneratedRegex(@"^(nethook|dotnet run --project src/NetHook\.Cli --) (?<arguments>.*)$")]
    private static partial Regex Tool();

    [GeneratedRegex("""("[^"]*"|[^\s"])+""")]
    private static partial Regex Argument();

    [GeneratedRegex(@"(^|\s+)#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+\S+$")]
    private static partial Regex LastColumn();
}
