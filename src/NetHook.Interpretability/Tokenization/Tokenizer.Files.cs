namespace NetHook.Interpretability;

public partial class Tokenizer
{
    /// <summary>
    /// Reads <c>tokenizer.json</c> or, if the folder has none, <c>vocab.json</c> and <c>merges.txt</c>; and beside them
    /// <c>added_tokens.json</c>, <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c>.
    /// </summary>
    /// <param name="folder">The folder with the files.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="CheckpointException">A file is missing or damaged, or asks for a part that is not supported; the
    /// message names the file and the part.</exception>
    public static Tokenizer FromPretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new(TokenizerFolder.Read(folder));
    }

    /// <summary>
    /// Writes the files that the tokenizer was read from, byte for byte, each replacing what is there only once it is
    /// complete; for a tokenizer that was made in code, <c>vocab.json</c> and <c>merges.txt</c>.
    /// </summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <exception cref="IOException">A file cannot be written; or the folder has a tokenizer's file that this one lacks, so
    /// that reading would give another tokenizer. Nothing is written then.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string[] others = [.. TokenizerFolder.Meaningful.Where(name => !_parts.Files.ContainsKey(name) && File.Exists(Path.Combine(folder, name)))];
        if (others.Length > 0)
            throw new IOException($"{folder} has {string.Join(" and ", others)} of another tokenizer, which would be read with this one's files. Delete it, or choose another folder.");
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] content) in _parts.Files)
            AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(content));
    }
}
