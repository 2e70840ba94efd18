using System.IO.Compression;

namespace NetHook.Build.Tests;

/// <summary>The packages of this repository, made once for the tests of a class, and users who know no other source of them.</summary>
public sealed class PackageFeed : IAsyncLifetime
{
    // Of no version that a package cache may hold.
    private readonly string _suffix = $"test.{Guid.NewGuid():N}";
    private readonly TemporaryFolder _folder = new();

    public string Version => $"0.1.0-{_suffix}";

    /// <summary>The folder in which the packages are.</summary>
    internal string Folder => _folder["feed/"];

    public async ValueTask InitializeAsync()
    {
        // With outputs of its own: those of the repository may be in use. Its code has been analyzed there.
        await Dotnet.Run(
            Paths.RepositoryRoot,
            "pack",
            "-o",
            _folder["feed/"],
            "--artifacts-path",
            _folder["artifacts/"],
            $"-p:VersionPrefix=0.1.0;VersionSuffix={_suffix}",
            "-p:RunAnalyzers=false");

        File.WriteAllText(_folder["nuget.config"], $"""
            <configuration>
              <packageSources>
                <add key="feed" value="{_folder["feed/"]}" />
              </packageSources>
            </configuration>
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs dotnet for a user whose packages come into a folder of their own, where this machine has not got them.</summary>
    internal Task<string> Run(UserFolder user, params string[] arguments)
    {
        File.Copy(_folder["nuget.config"], user["nuget.config"], overwrite: true);
        var environment = new Dictionary<string, string>
        {
            ["NUGET_PACKAGES"] = user["packages/"],
            ["NUGET_FALLBACK_PACKAGES"] = Paths.PackageCache,
        };
        return Dotnet.Run(user.Root, environment, arguments);
    }

    /// <summary>The files in a package, in order, without the three that make a zip file a package.</summary>
    internal IEnumerable<string> Files(string file)
    {
        using ZipArchive package = ZipFile.OpenRead(_folder[$"feed/{file}"]);
        return
        [
            .. package.Entries.Select(entry => entry.FullName)
                .Where(name => name is not ("[Content_Types].xml" or "_rels/.rels") && !name.StartsWith("package/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
    }

    internal string Text(string file, string entry)
    {
        using ZipArchive package = ZipFile.OpenRead(_folder[$"feed/{file}"]);
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }
}
