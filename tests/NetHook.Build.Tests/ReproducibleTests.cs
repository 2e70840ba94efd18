using System.IO.Compression;
using System.Text;

namespace NetHook.Build.Tests;

/// <summary>The library's packages are the same bytes wherever they are made, and their symbols say where the sources are.</summary>
public sealed class ReproducibleTests : IDisposable
{
    private static readonly Dictionary<string, string> Release = new() { ["CI"] = "true", ["SOURCE_DATE_EPOCH"] = "1795000000" };

    private static readonly Dictionary<string, string> Author = new()
    {
        ["GIT_AUTHOR_NAME"] = "author",
        ["GIT_AUTHOR_EMAIL"] = "author@example.org",
        ["GIT_AUTHOR_DATE"] = "1795000000 +0000",
        ["GIT_COMMITTER_NAME"] = "author",
        ["GIT_COMMITTER_EMAIL"] = "author@example.org",
        ["GIT_COMMITTER_DATE"] = "1795000000 +0000",
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Packages_of_two_clones_are_the_same_and_point_to_their_sources()
    {
        Dictionary<string, byte[]> first = await Pack("one");
        Dictionary<string, byte[]> second = await Pack("another/place");

        Assert.Equal(["NetHook.0.1.0.nupkg", "NetHook.0.1.0.snupkg"], first.Keys.Order(StringComparer.Ordinal));
        foreach ((string file, byte[] bytes) in first)
            Assert.Equal(bytes, second[file]);

        using var symbols = new ZipArchive(new MemoryStream(first["NetHook.0.1.0.snupkg"]));
        using var pdb = new MemoryStream();
        symbols.GetEntry("lib/net10.0/NetHook.pdb")!.Open().CopyTo(pdb);
        Assert.Contains("https://raw.githubusercontent.com/owner/nethook/", Encoding.Latin1.GetString(pdb.ToArray()), StringComparison.Ordinal);
    }

    // A clone of what the library is made of, with a remote, in which a release is packed.
    private async Task<Dictionary<string, byte[]>> Pack(string place)
    {
        string clone = _folder[$"{place}/"];
        foreach (string file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", ".editorconfig", ".gitignore", "LICENSE", "src/Directory.Build.props" })
            Copy(file, clone);
        foreach (string file in new[] { "build", "src/NetHook", "src/NetHook.Build", "src/NetHook.Rewriting", "src/NetHook.Analyzers", "src/NetHook.CodeFixes" }.SelectMany(Files))
            Copy(file, clone);

        await Dotnet.Start("git", clone, "init", "--quiet");
        await Dotnet.Start("git", clone, "remote", "add", "origin", "https://github.com/owner/nethook.git");
        await Dotnet.Start("git", clone, "add", ".");
        await Dotnet.Start("git", clone, Author, "commit", "--quiet", "--message", "sources");
        await Dotnet.Run(clone, Release, "pack", "src/NetHook", "-o", "packages", "-p:RunAnalyzers=false");
        return Directory.EnumerateFiles(Path.Combine(clone, "packages")).ToDictionary(file => Path.GetFileName(file)!, File.ReadAllBytes);
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Paths.RepositoryRoot, folder), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Paths.RepositoryRoot, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal));

    private static void Copy(string file, string clone)
    {
        string copy = Path.Combine(clone, file);
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy(Path.Combine(Paths.RepositoryRoot, file), copy);
    }
}
