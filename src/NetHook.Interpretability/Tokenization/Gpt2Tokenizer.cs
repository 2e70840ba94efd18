using System.Text;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>
/// A tokenizer in GPT-2's form (byte-level byte-pair encoding), made from a vocabulary and merges. Any Unicode text that is
/// encoded and decoded with its special tokens comes back as it was. <see cref="Tokenizer.FromPretrained"/> reads its files.
/// </summary>
/// <param name="vocabulary">The id of each token, with a token for each single byte, written as in <c>vocab.json</c>. If
/// <see cref="EndOfText"/> is in it, that is a special token.</param>
/// <param name="merges">The pairs to merge, first things first, as in <c>merges.txt</c>: two tokens with a space between.</param>
/// <exception cref="ArgumentException">The vocabulary lacks a byte, gives two tokens one id, or has a token that is no
/// sequence of bytes; or a merge is not made of two tokens that give a third.</exception>
public sealed class Gpt2Tokenizer(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<string> merges)
    : Tokenizer(MakeParts(vocabulary, merges))
{
    /// <summary>The text of the special token that ends a document; where the vocabulary has it, it is one token in any text.</summary>
    public const string EndOfText = "<|endoftext|>";

    private static TokenizerParts MakeParts(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<string> merges)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(merges);
        string[] lines = [.. merges];
        Dictionary<string, byte[]> files = new()
        {
            [TokenizerFolder.VocabularyName] = JsonSerializer.SerializeToUtf8Bytes(vocabulary.OrderBy(pair => pair.Value).ToDictionary()),
            [TokenizerFolder.MergesName] = Encoding.UTF8.GetBytes($"#version: 0.2\n{string.Join('\n', lines)}\n"),
        };
        return Gpt2Files.MakeParts(new(vocabulary), lines, new CompanionFiles(), files);
    }
}
