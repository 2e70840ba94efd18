using System.Text.RegularExpressions;

namespace NetHook.Docs.Tests;

/// <summary>What pages refer to is there.</summary>
public partial class PageReferencesTests
{
    public static TheoryData<string> Pages => [.. Page.All().Select(page => page.Name)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_and_headings(string page)
    {
        string file = Repository.PathOf(page);
        foreach (string link in Link().Matches(File.ReadAllText(file)).Select(match => match.Groups["to"].Value))
        {
            if (link.Contains("://", StringComparison.Ordinal))
                continue;
            (string path, string? heading) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
            string target = path.Length == 0 ? file : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, path));
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{page} links to {link}, which is not there.");
            if (heading is not null)
                Assert.Contains(heading, Headings(target));
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Tests_named_are_there(string page)
    {
        foreach (string name in TestName().Matches(File.ReadAllText(Repository.PathOf(page))).Select(match => match.Groups["name"].Value))
        {
            (string type, string? method) = name.Split('.') is [var before, var after] ? (before, after) : (name, null);
            var sources = Directory.EnumerateFiles(Repository.PathOf("tests"), type + ".cs", SearchOption.AllDirectories).ToList();
            Assert.True(sources.Count > 0, $"{page} names {type}, and no file below tests/ is called {type}.cs.");
            if (method is null)
                continue;
            Assert.True(
                sources.Any(source => File.ReadAllText(source).Contains($" {method}(", StringComparison.Ordinal)),
                $"{page} names {name}, and {type} has no such test.");
        }
    }

    // As GitHub makes them: lower case, spaces to hyphens, punctuation dropped.
    private static IEnumerable<string> Headings(string file) => File.ReadLines(file).Where(line => line.StartsWith('#'))
        .Select(line => Punctuation().Replace(line.TrimStart('#').Trim().Replace(' ', '-'), ""))
#pragma warning disable CA1308 // GitHub's headings are lower case.
        .Select(heading => heading.ToLowerInvariant());
#pragma warning restore CA1308

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<name>\w+Tests(\.\w+)?)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"[^\w-]")]
    private static partial Regex Punctuation();
}
