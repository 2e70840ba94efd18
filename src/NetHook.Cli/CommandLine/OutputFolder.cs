namespace NetHook.Cli;

/// <summary>A folder of files that a command is to write at its end, all of them or none.</summary>
internal static class OutputFolder
{
    /// <summary>Finds out before the work whether the folder can be written after it.</summary>
    /// <exception cref="ToolException">It cannot, or it holds something; the message says why.</exception>
    public static void Check(string path)
    {
        if (File.Exists(path))
            throw new ToolException($"{path} cannot be written: it is a file.");
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new ToolException($"{path} is not empty: choose a new folder.");
        OutputFile.CheckBy(() => AtomicFile.CheckFolder(path));
    }

    /// <summary>Has the files written to a new folder beside it, which takes its place once they are complete.</summary>
    public static void Write(string path, Action<string> write) => AtomicFile.WriteFolder(path, write);
}
