using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace NetHook.Interpretability;

/// <summary>
/// GPT-2's tokenizer (byte-level byte-pair encoding), from <c>vocab.json</c> and <c>merges.txt</c>. Any Unicode text that is
/// encoded and decoded comes back as it was. Safe to use from several threads at once.
/// </summary>
public sealed class Gpt2Tokenizer
{
    /// <summary>The text of the special token that ends a document; where the vocabulary has it, it is one token in any text.</summary>
    public const string EndOfText = "<|endoftext|>";

    private const string VocabularyName = "vocab.json";
    private const string MergesName = "merges.txt";

    private static readonly JsonSerializerOptions Json = new() { AllowDuplicateProperties = false };

    private readonly Dictionary<string, int> _vocabulary;
    private readonly string[] _merges;
    private readonly Dictionary<int, byte[]> _bytes;
    private readonly BpeTokenizer _bpe;

    /// <summary>Makes a tokenizer.</summary>
    /// <param name="vocabulary">The id of each token, with a token for each single byte, written as in <c>vocab.json</c>.</param>
    /// <param name="merges">The pairs to merge, first things first, as in <c>merges.txt</c>: two tokens with a space between.</param>
    /// <exception cref="ArgumentException">The vocabulary lacks a byte, gives two tokens one id, or has a token that is no
    /// sequence of bytes; or a merge is not made of two tokens that give a third.</exception>
    public Gpt2Tokenizer(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<string> merges)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(merges);
        _vocabulary = new(vocabulary);
        _merges = [.. merges];
        _bytes = CheckVocabulary(_vocabulary);
        CheckMerges(_merges, _vocabulary);

        EndOfTextId = _vocabulary.TryGetValue(EndOfText, out int id) ? id : null;
        Dictionary<string, int> specials = EndOfTextId is null ? [] : new() { [EndOfText] = id };
        _bpe = BpeTokenizer.Create(new BpeOptions(_vocabulary)
        {
            Merges = _merges,
            ByteLevel = true,
            SpecialTokens = specials,
            PreTokenizer = new Gpt2PreTokenizer(specials.Keys),
        });
    }

    /// <summary>The number of tokens.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>The id of <see cref="EndOfText"/>, or null where the vocabulary has none.</summary>
    public int? EndOfTextId { get; }

    internal int LargestId => _bytes.Keys.Max();

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <param name="folder">The folder with the two files.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="CheckpointException">A file is missing or damaged; the message names it.</exception>
    public static Gpt2Tokenizer FromPretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string vocabularyFile = Path.Combine(folder, VocabularyName), mergesFile = Path.Combine(folder, MergesName);
        string file = vocabularyFile;
        try
        {
            Dictionary<string, int> vocabulary =
                JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllBytes(file), Json)
                ?? throw new JsonException("it holds null.");
            CheckVocabulary(vocabulary);

            file = mergesFile;
            IEnumerable<string> lines = File.ReadAllLines(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return new Gpt2Tokenizer(vocabulary, lines.Where((line, i) => line.Length > 0 && !(i == 0 && line.StartsWith("#version", StringComparison.Ordinal))));
        }
        catch (JsonException e)
        {
            throw new CheckpointException(file, e.Path, $"It is not a JSON object from tokens to ids: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(file, null, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(file, null, $"It cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c>, each replacing what is there only once it is complete.</summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, VocabularyName), stream => JsonSerializer.Serialize(stream, _vocabulary.OrderBy(pair => pair.Value).ToDictionary()));
        AtomicFile.Write(Path.Combine(folder, MergesName), stream => stream.Write(Encoding.UTF8.GetBytes($"#version: 0.2\n{string.Join('\n', _merges)}\n")));
    }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">The text; <see cref="EndOfText"/> in it is the special token.</param>
    /// <returns>The ids of its tokens; none for an empty text.</returns>
    /// <exception cref="ArgumentException">The text is not Unicode: it has half a surrogate pair.</exception>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                i++;
            else if (char.IsSurrogate(text[i]))
                throw new ArgumentException($"The text is not Unicode: character {i} (U+{(int)text[i]:X4}) is half a surrogate pair.");
        }

        return _bpe.EncodeToIds(text);
    }

    /// <summary>Decodes ids.</summary>
    /// <param name="ids">The ids. Bytes that are not UTF-8, as where a character is cut, give U+FFFD.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return Encoding.UTF8.GetString([.. ids.SelectMany(Bytes)]);
    }

    /// <summary>The text of one token, for display: <c>" capital"</c> where the files write <c>Ġcapital</c>.</summary>
    /// <param name="id">The token's id.</param>
    /// <returns>The text. A token that is a part of a character gives U+FFFD.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string TokenText(int id) => Encoding.UTF8.GetString(Bytes(id));

    /// <summary>
    /// Finds the tokens of a part of a text, such as the subject of a prompt: all that hold any of it, also those that
    /// begin with the space before it.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="part">What to find in it, letter by letter. It must be there exactly once.</param>
    /// <returns>The range of tokens, of those that <see cref="Encode"/> gives for <paramref name="text"/>.</returns>
    /// <exception cref="ArgumentException">The part is empty, or not in the text, or there more than once.</exception>
    public Range TokenRange(string text, string part)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(part);
        int start = text.IndexOf(part, StringComparison.Ordinal);
        if (start < 0)
            throw new ArgumentException($"\"{part}\" is not in \"{text}\".");
        int again = text.IndexOf(part, start + 1, StringComparison.Ordinal);
        if (again >= 0)
            throw new ArgumentException($"\"{part}\" is more than once in \"{text}\", at characters {start} and {again}.");
        return TokenRange(text, start..(start + part.Length));
    }

    /// <summary>Finds the tokens of a part of a text, given by its characters.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">The part, as a range of <paramref name="text"/> that is not empty.</param>
    /// <returns>The range of tokens that hold any of it.</returns>
    /// <exception cref="ArgumentException">The range is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is outside the text.</exception>
    public Range TokenRange(string text, Range characters)
    {
        ArgumentNullException.ThrowIfNull(text);
        (int offset, int length) = characters.GetOffsetAndLength(text.Length);
        if (length == 0)
            throw new ArgumentException($"The range {characters} of \"{text}\" is empty.");

        // A cut through a surrogate pair counts as the whole character.
        int from = Encoding.UTF8.GetByteCount(text.AsSpan(0, offset - (IsCut(text, offset) ? 1 : 0)));
        int to = Encoding.UTF8.GetByteCount(text.AsSpan(0, offset + length + (IsCut(text, offset + length) ? 1 : 0)));
        int token = 0, first = -1, position = 0;
        foreach (int id in Encode(text))
        {
            position += Bytes(id).Length;
            if (first < 0 && position > from)
                first = token;
            token++;
            if (position >= to)
                break;
        }

        return first..token;
    }

    /// <summary>The token's text, or its id in angle brackets where the vocabulary is smaller than the model's.</summary>
    internal string TextOf(int id) => _bytes.ContainsKey(id) ? TokenText(id) : $"<{id}>";

    private static bool IsCut(string text, int index) => index > 0 && index < text.Length && char.IsSurrogatePair(text, index - 1);

    private byte[] Bytes(int id) => _bytes.TryGetValue(id, out byte[]? bytes)
        ? bytes
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"No token of this vocabulary of {VocabularySize} has this id.");

    private static Dictionary<int, byte[]> CheckVocabulary(Dictionary<string, int> vocabulary)
    {
        foreach (char c in ByteAlphabet.Characters)
        {
            if (!vocabulary.ContainsKey(c.ToString()))
                throw new ArgumentException($"The vocabulary has no token '{c}': it needs one for each of the 256 bytes.");
        }

        Dictionary<int, byte[]> bytes = [];
        foreach ((string token, int id) in vocabulary)
        {
            if (id < 0 || !bytes.TryAdd(id, ByteAlphabet.Bytes(token) ?? throw new ArgumentException($"The token '{token}' is not written in GPT-2's 256 characters for bytes.")))
                throw new ArgumentException($"The token '{token}' has the id {id}, which is negative or another token's.");
        }

        return bytes;
    }

    private static void CheckMerges(string[] merges, Dictionary<string, int> vocabulary)
    {
        foreach (string merge in merges)
        {
            if (merge.Split(' ') is not [string left, string right] || !vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right) || !vocabulary.ContainsKey(left + right))
                throw new ArgumentException($"The merge '{merge}' is not two tokens with a space between, whose joining is a token too.");
        }
    }
}
