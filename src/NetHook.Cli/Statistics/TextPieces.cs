using System.Security.Cryptography;
using System.Text;
using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>A text cut into pieces of as many tokens as a model reads, the pieces of one part of the work in batches.</summary>
internal sealed class TextPieces
{
    private const int BatchTokens = 2048;

    private readonly long[][][] _batches;

    private TextPieces(string hash, Shard shard, long[][][] batches) => (Hash, Shard, _batches) = (hash, shard, batches);

    /// <summary>Says which text it is.</summary>
    public string Hash { get; }

    public Shard Shard { get; }

    /// <summary>How many tokens are in them all.</summary>
    public int Tokens => _batches.Sum(batch => batch.Sum(piece => piece.Length));

    /// <summary>How many batches there are.</summary>
    public int Count => _batches.Length;

    public static TextPieces Read(string path, LanguageModel model, Shard shard)
    {
        byte[] bytes = ReadAll(path);
        try
        {
            return Cut(path, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes), bytes, model, shard);
        }
        catch (DecoderFallbackException)
        {
            throw new ToolException($"{path}: It is not UTF-8.");
        }
    }

    /// <summary>The <see cref="Hash"/> of a text that is not read further.</summary>
    public static string HashOf(string path) => HashOf(ReadAll(path));

    /// <summary>The facts that the bundled model was taught, as a text.</summary>
    public static TextPieces OfFacts(LanguageModel model)
    {
        string text = FactEdits.Text(FactBook.Load());
        return Cut("The facts", text, Encoding.UTF8.GetBytes(text), model, Shard.Whole);
    }

    private static TextPieces Cut(string path, string text, byte[] bytes, LanguageModel model, Shard shard)
    {
        int length = Math.Min(model.Layout.MaxTokens ?? BatchTokens, BatchTokens);
        long[][] pieces = [.. model.Tokenizer.Encode(text.TrimStart('\ufeff')).Select(id => (long)id).Chunk(length)];
        if (pieces.Length < shard.Count)
            throw new ToolException($"{path}: The text is {Figures.Count(pieces.Length, "piece")} of up to {length} tokens, not enough for {Figures.Count(shard.Count, "part")}.");
        long[][] own = [.. pieces.Where((_, i) => shard.Holds(i))];
        return new(
            HashOf(bytes),
            shard,
            [.. own.Where(piece => piece.Length == length).Chunk(Math.Max(1, BatchTokens / length)), .. own.Where(piece => piece.Length < length).Chunk(1)]);
    }

    /// <summary>The token ids of a batch, <c>[pieces, tokens]</c>.</summary>
    public Tensor Batch(int index) =>
        tensor([.. _batches[index].SelectMany(piece => piece)], [_batches[index].Length, _batches[index][0].Length]);

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"{path}: It cannot be read: {e.Message}");
        }
    }
}
