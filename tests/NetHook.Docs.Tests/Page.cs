using System.Text.RegularExpressions;

namespace NetHook.Docs.Tests;

/// <summary>
/// A page of the documentation and the code on it. A block of C# is a program of its own: the last prelude above it, which
/// readers do not see (an HTML comment that begins with "prelude"), then the block. A block of text directly after a
/// block of code, folded or not, is what the code prints.
/// </summary>
internal sealed partial class Page
{
    private Page(string name, IReadOnlyList<CodeBlock> blocks)
    {
        Name = name;
        Blocks = blocks;
    }

    public string Name { get; }

    public IReadOnlyList<CodeBlock> Blocks { get; }

    public static IEnumerable<Page> All()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "pages");
        return Directory.EnumerateFiles(folder, "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => Read(Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllText(file)));
    }

    private static Page Read(string name, string text)
    {
        text = text.ReplaceLineEndings("\n");
        MatchCollection preludes = PreludeComment().Matches(text);
        IEnumerable<CodeBlock> blocks = Fence().Matches(text).Select(match => new CodeBlock(
            match.Groups["language"].Value,
            preludes.LastOrDefault(prelude => prelude.Index < match.Index)?.Groups["code"].Value ?? "",
            match.Groups["code"].Value,
            match.Groups["output"].Success ? match.Groups["output"].Value : null,
            text[..match.Index].Count(c => c == '\n') + 1));
        return new(name, [.. blocks]);
    }

    [GeneratedRegex(@"<!-- prelude\n(?<code>.*?)-->", RegexOptions.Singleline)]
    private static partial Regex PreludeComment();

    [GeneratedRegex(@"^```(?<language>csharp|sh)\n(?<code>.*?)^```\n(?:\s*(?:<details>\s*<summary>[^\n]*</summary>\s*)?^```text\n(?<output>.*?)^```$)?", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();
}

/// <summary>A block of code on a page, with its prelude, and what it prints when the page says so.</summary>
internal sealed record CodeBlock(string Language, string Prelude, string Code, string? Output, int Line);
