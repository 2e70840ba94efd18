namespace NetHook.Cli;

/// <summary>A file that a command is to write at its end.</summary>
internal static class OutputFile
{
    /// <summary>Finds out before the work whether the file can be written after it.</summary>
    /// <exception cref="ToolException">It cannot; the message says why.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path))
            throw new ToolException($"{path} cannot be written: it is a folder.");
        if (FileKinds.OfOutput(path) is (FileKind.Device or FileKind.Pipe or FileKind.Socket) and var kind)
            throw new ToolException($"{path} cannot be written: it is {FileKinds.Name(kind)}, and files are replaced as a whole. To hand the result to another program, use --json, which writes to standard output.");
        CheckBy(() => AtomicFile.Check(path));
    }

    /// <summary>Finds out before the work whether the file can be written after it, and that it is a new one.</summary>
    /// <exception cref="ToolException">It cannot, or is there already; the message says which.</exception>
    public static void CheckNew(string path)
    {
        Check(path);
        if (File.Exists(path))
            throw IsThere(path);
    }

    /// <summary>Finds out whether the file's extension is one of those that say what is written.</summary>
    /// <exception cref="ToolException">It is not; the message names them.</exception>
    public static void CheckExtension(string path, IReadOnlyCollection<string> extensions)
    {
        if (!extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
            throw new ToolException($"{path}: the extension says what is written, and must be one of {string.Join(", ", extensions)}.");
    }

    /// <summary>What is said of a file that was to be a new one.</summary>
    public static ToolException IsThere(string path) => new($"{path} is there already. Choose another file, or remove it.");

    /// <summary>Turns what a check throws into the tool's answer.</summary>
    public static void CheckBy(Action check)
    {
        try
        {
            check();
        }
        catch (IOException e)
        {
            throw new ToolException(e.Message);
        }
    }
}
