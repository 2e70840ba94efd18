namespace NetHook.Build.Tests;

/// <summary>A folder outside the repository, gone with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Root = Directory.CreateTempSubdirectory("nethook-").FullName;

    public string Root { get; }

    /// <summary>A path in the folder; the folders on the way are made.</summary>
    public string this[string relative]
    {
        get
        {
            string path = Path.Combine(Root, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return path;
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
