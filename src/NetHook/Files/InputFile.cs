namespace NetHook;

/// <summary>Opens files that were given to be read: regular ones, and no larger than what they are for.</summary>
internal static class InputFile
{
    /// <summary>Opens a file. Another program may replace it meanwhile, and not change it.</summary>
    /// <exception cref="CheckpointException">It is missing, is no regular file, or cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            FileKind kind = FileKinds.Of(path);
            if (kind is FileKind.Folder or FileKind.Pipe or FileKind.Socket or FileKind.Device)
                throw new CheckpointException(path, null, $"It cannot be read: it is {FileKinds.Name(kind)}, and must be a regular file. Copy the content to one first.");
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            throw CannotBeRead(path, e);
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Open"/>; or it is longer than <paramref name="most"/> bytes.</exception>
    public static byte[] ReadAll(string path, int most)
    {
        using FileStream stream = Open(path);
        try
        {
            if (stream.Length > most)
                throw new CheckpointException(path, null, $"It is {stream.Length} bytes long, and such a file has at most {most}.");
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            throw CannotBeRead(path, e);
        }
    }

    private static CheckpointException CannotBeRead(string path, Exception e) => new(path, null, $"It cannot be read: {e.Message}", e);
}
