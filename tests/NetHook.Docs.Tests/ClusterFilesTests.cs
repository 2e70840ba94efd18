namespace NetHook.Docs.Tests;

/// <summary>The scripts for clusters on pages are the very files that <c>tests/cluster/run.sh</c> runs.</summary>
public sealed class ClusterFilesTests
{
    [Theory]
    [InlineData("docs/statistics.md", "stats.sbatch", "bash")]
    [InlineData("docs/statistics.md", "stats.yaml", "yaml")]
    [InlineData("docs/causal-tracing.md", "facts.sbatch", "bash")]
    public void Page_shows_the_file(string page, string file, string language) => Assert.Contains(
        $"```{language}\n{Read("tests", "cluster", file)}```\n", Read(page.Split('/')), StringComparison.Ordinal);

    [Fact]
    public void Every_file_is_one_that_the_test_runs()
    {
        string script = Read("tests", "cluster", "run.sh");

        Assert.Contains("\"$here\"/*.sbatch", script, StringComparison.Ordinal);
        Assert.Contains("\"$here/stats.yaml\"", script, StringComparison.Ordinal);
        Assert.Equal(
            ["facts.sbatch", "stats.sbatch", "stats.yaml"],
            Directory.EnumerateFiles(Repository.PathOf("tests", "cluster")).Select(Path.GetFileName).Where(name => name!.EndsWith(".sbatch", StringComparison.Ordinal) || name.EndsWith(".yaml", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Kept_output_says_that_it_passed() => Assert.EndsWith("\npassed\n", Read("tests", "cluster", "output.txt"), StringComparison.Ordinal);

    private static string Read(params string[] path) => File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n");
}
