namespace NetHook.Cli.Tests;

/// <summary>A folder of its own for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("nethook-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public IEnumerable<string?> Files => Directory.EnumerateFileSystemEntries(Path).Select(System.IO.Path.GetFileName).Order();

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
