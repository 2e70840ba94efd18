using System.Security.Cryptography;
using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// A text of any length, to gather statistics over. A file is read as a stream, each time anew, and must stay as it is meanwhile.
/// Immutable: several threads may read it at once.
/// </summary>
public sealed class Corpus
{
    private const int BufferSize = 1 << 16;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly Func<Stream> _open;

    private Corpus(string name, Func<Stream> open)
    {
        (Name, _open) = (name, open);
        using Stream stream = Open();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        System.Text.Decoder decoder = Strict.GetDecoder();
        byte[] bytes = new byte[BufferSize];
        char[] characters = new char[Strict.GetMaxCharCount(BufferSize)];
        int read;
        do
        {
            read = stream.Read(bytes);
            hash.AppendData(bytes.AsSpan(0, read));
            Decode(() => decoder.GetChars(bytes.AsSpan(0, read), characters, flush: read == 0));
            Bytes += read;
        }
        while (read > 0);
        Hash = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What the text is called in messages: the file's path, or the name given.</summary>
    public string Name { get; }

    /// <summary>The SHA-256 of the text in UTF-8, as hexadecimal digits.</summary>
    public string Hash { get; }

    /// <summary>How many bytes it has in UTF-8.</summary>
    public long Bytes { get; }

    /// <summary>A file in UTF-8. It is read once, in pieces, for its hash.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The text.</returns>
    /// <exception cref="CheckpointException">The file is missing, cannot be read, is no regular file, or is not UTF-8.</exception>
    public static Corpus File(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(path, () => InputFile.Open(path));
    }

    /// <summary>A text in memory.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <returns>The text.</returns>
    /// <exception cref="PromptException">The text is not Unicode: it has half a surrogate pair.</exception>
    public static Corpus Text(string text, string name = "The text")
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(name);
        try
        {
            byte[] bytes = Strict.GetBytes(text);
            return new(name, () => new MemoryStream(bytes, writable: false));
        }
        catch (EncoderFallbackException e)
        {
            throw new PromptException($"{name} is not Unicode: character {e.Index} is half a surrogate pair.", e);
        }
    }

    /// <summary>Reads the text from a place on, which must be the beginning of a character.</summary>
    internal IEnumerable<string> Read(long from)
    {
        using Stream stream = Open();
        stream.Position = from;
        using var reader = new StreamReader(stream, Strict, detectEncodingFromByteOrderMarks: false, BufferSize);
        char[] characters = new char[BufferSize];
        for (int read; (read = Decode(() => reader.ReadBlock(characters))) > 0;)
        {
            // No string ends with half a surrogate pair.
            int more = char.IsHighSurrogate(characters[read - 1]) ? Decode(reader.Read) : -1;
            yield return new string(characters, 0, read) + (more >= 0 ? ((char)more).ToString() : "");
        }
    }

    /// <summary>How many bytes the marks of the byte order take at the text's beginning.</summary>
    internal long MarkBytes()
    {
        using Stream stream = Open();
        long count = 0;
        while (stream.ReadByte() == 0xEF && stream.ReadByte() == 0xBB && stream.ReadByte() == 0xBF)
            count += 3;
        return count;
    }

    private Stream Open() => _open();

    private int Decode(Func<int> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException(Name, null, "It is not UTF-8.", e);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            throw new CheckpointException(Name, null, $"It cannot be read: {e.Message}", e);
        }
    }
}
