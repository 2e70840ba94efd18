namespace NetHook.Interpretability;

/// <summary>
/// The file of a job at work: it is this job's alone until it is disposed, and grows by a line for each fact. If nothing was written, a new file is
/// removed.
/// </summary>
internal sealed class CausalTraceAppender : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _path;

    private CausalTraceAppender(FileStream stream, string path, CausalTraceFile? before) => (_stream, _path, Before) = (stream, path, before);

    /// <summary>What the file held before; null of a new file.</summary>
    public CausalTraceFile? Before { get; }

    /// <summary>Makes a file, or opens one that holds a part of the same work.</summary>
    /// <exception cref="CausalTraceJobException">It holds other work, or another run has it open.</exception>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static CausalTraceAppender Open(string path, CausalTraceNotes notes)
    {
        AtomicFile.Check(path);
        FileStream stream = Claim(path);
        try
        {
            // A job that was killed at its very beginning leaves a part of the first line.
            byte[] first = new byte[Math.Min(stream.Length, notes.Line().Length + 1)];
            stream.ReadExactly(first);
            stream.Position = 0;
            if (Array.IndexOf(first, (byte)'\n') < 0 && notes.Line().StartsWith(System.Text.Encoding.UTF8.GetString(first), StringComparison.Ordinal))
            {
                stream.SetLength(0);
                CausalTraceLines.Write(stream, notes.Line());
                return new(stream, path, null);
            }

            (CausalTraceFile before, long bytes) = CausalTraceLines.Read(stream, path);
            if (notes.WhyNotMerge(before.Notes) is { } reason)
                throw new CausalTraceJobException(path, $"{path} holds {reason}. Choose another file, or remove it.");
            if (before.Notes.Line() != notes.Line())
                throw new CausalTraceJobException(path, $"{path} holds part {string.Join(", ", before.Parts)} of the facts, and part {string.Join(", ", notes.Parts)} is asked for. Choose another file, or remove it.");
            stream.SetLength(bytes);
            stream.Position = bytes;
            return new(stream, path, before);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Writes a fact to the disk.</summary>
    public void Add(FactTrace fact)
    {
        CausalTraceLines.Write(_stream, fact);
        _stream.Flush(flushToDisk: true);
    }

    /// <summary>Closes the file, and removes it if it holds no fact.</summary>
    public void Close(bool isEmpty)
    {
        bool remove = isEmpty && Before is null;

        // If the file can be removed before it is closed, no other run can claim it in between.
        if (remove && !OperatingSystem.IsWindows())
            File.Delete(_path);
        _stream.Dispose();
        if (remove && OperatingSystem.IsWindows())
            File.Delete(_path);
    }

    public void Dispose() => _stream.Dispose();

    private static FileStream Claim(string path)
    {
        try
        {
            // Another run may have removed the file between its opening and its lock.
            var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (File.Exists(path))
                return stream;
            stream.Dispose();
            return Claim(path);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new CausalTraceJobException(path, $"{path} cannot be opened: {e.Message} Each run needs a file of its own.", e);
        }
    }
}
