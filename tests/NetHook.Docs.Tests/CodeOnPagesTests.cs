namespace NetHook.Docs.Tests;

/// <summary>Every block of C# in README.md and docs/ compiles without a warning, runs, and prints what the page says it prints.</summary>
[Collection(ConsoleCollection.Name)]
public class CodeOnPagesTests
{
    public static TheoryData<string, int> Blocks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (Page page in Page.All())
            {
                foreach (CodeBlock block in page.Blocks.Where(block => block.Language == "csharp"))
                    data.Add(page.Name, block.Line);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Block_of_code_runs_and_prints_what_the_page_says(string page, int line)
    {
        CodeBlock block = Page.All().Single(candidate => candidate.Name == page).Blocks.Single(candidate => candidate.Line == line);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nethook-docs-");
        string current = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(folder.FullName);
        try
        {
            string printed = SnippetProgram.Run(block.Prelude, block.Code);
            Assert.Equal((block.Output ?? "").TrimEnd(), printed.TrimEnd());
        }
        finally
        {
            Directory.SetCurrentDirectory(current);
            folder.Delete(recursive: true);
        }
    }
}
