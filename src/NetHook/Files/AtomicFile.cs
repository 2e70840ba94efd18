namespace NetHook;

/// <summary>
/// Writes files and folders that are either complete or not there. A link is written through, to what it leads to; the
/// permissions of what is replaced are kept.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Finds out before the work whether the file can be written after it.</summary>
    /// <exception cref="IOException">It cannot; the message names the file and says why.</exception>
    public static void Check(string path) => Named(path, () =>
    {
        using var draft = Draft.Of(TargetFile(path));
        return true;
    });

    /// <summary>Finds out before the work whether the folder can be written after it.</summary>
    /// <exception cref="IOException">It cannot; the message names the folder and says why.</exception>
    public static void CheckFolder(string path) => Named(path, () =>
    {
        using var draft = Draft.Of(TargetFolder(path));
        return true;
    });

    /// <summary>
    /// Writes a new file beside <paramref name="path"/> and renames it to that only once it is on the disk. If anything
    /// throws, or the program is killed, what was there before stays as it was; the next call removes what the killed one left.
    /// </summary>
    /// <exception cref="IOException">It cannot be written; the message names the file and says why.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, replace: true);

    /// <summary>Writes the file if there is none yet.</summary>
    /// <returns>False if there is one by the time that it is complete.</returns>
    /// <exception cref="IOException">It cannot be written; the message names the file and says why.</exception>
    public static bool TryWriteNew(string path, Action<Stream> write) => Write(path, write, replace: false);

    /// <summary>Has a folder written beside where it belongs, and renames it to that once it is complete.</summary>
    /// <param name="path">The folder. It may be there, empty.</param>
    /// <param name="write">Is given the path of a folder that is not there yet.</param>
    /// <exception cref="IOException">It cannot be written; the message names the folder and says why.</exception>
    public static void WriteFolder(string path, Action<string> write) => Named(path, () =>
    {
        string target = TargetFolder(path);
        using var draft = Draft.Of(target);
        write(draft.ContentPath);
        if (Directory.Exists(target))
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(draft.ContentPath, File.GetUnixFileMode(target));
            Directory.Delete(target);
        }

        Directory.Move(draft.ContentPath, target);
        return true;
    });

    private static bool Write(string path, Action<Stream> write, bool replace) => Named(path, () =>
    {
        string target = TargetFile(path);
        using var draft = Draft.Of(target);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        UnixFileMode? mode = OperatingSystem.IsWindows() || !File.Exists(target) ? null : File.GetUnixFileMode(target);

        // From the first byte on, nobody may read the new file who may not read the old one.
        if (mode is { } permissions && !OperatingSystem.IsWindows())
            options.UnixCreateMode = permissions | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft.ContentPath, options))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
            if (mode is not null && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(stream.SafeFileHandle, mode.Value);
        }

        try
        {
            File.Move(draft.ContentPath, target, replace);
            return true;
        }
        catch (IOException) when (!replace && File.Exists(target))
        {
            return false;
        }
    });

    /// <summary>The file that is meant: what a link leads to, whether that is there or not.</summary>
    private static string TargetFile(string path)
    {
        FileKind kind = FileKinds.OfOutput(path);
        if (kind is not (FileKind.None or FileKind.File))
            throw new IOException($"it is {FileKinds.Name(kind)}, and files are replaced as a whole");
        return Followed(new FileInfo(path));
    }

    private static string TargetFolder(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        FileKind kind = FileKinds.Of(full);
        if (kind is not (FileKind.None or FileKind.Folder))
            throw new IOException($"it is {FileKinds.Name(kind)}, and a folder is to be there");
        return Followed(new DirectoryInfo(full));
    }

    private static string Followed(FileSystemInfo path) =>
        path.LinkTarget is null ? path.FullName : path.ResolveLinkTarget(returnFinalTarget: true)!.FullName;

    /// <summary>Errors are about the file that was asked for: nobody knows the draft.</summary>
    private static bool Named(string path, Func<bool> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            string folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? path;
            string why = e switch
            {
                PathTooLongException => "its name is too long for the file system",
                _ when !Directory.Exists(folder) => $"there is no folder {folder}",
                UnauthorizedAccessException => $"files may not be made in the folder {folder}",
                _ => WithoutDraft(e.Message, path).TrimEnd('.'),
            };
            throw new IOException($"{path} cannot be written: {why}.", e);
        }
    }

    private static string WithoutDraft(string message, string path)
    {
        int name = message.IndexOf(Draft.Start, StringComparison.Ordinal);
        int end = name < 0 ? -1 : message.AsSpan(name).IndexOfAny('\'', '/', '\\');
        return end < 0 ? message : string.Concat(message.AsSpan(0, message.LastIndexOf('\'', name) + 1), path, message.AsSpan(name + end));
    }
}
