using System.Text;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>Reads GPT-2's two files, <c>vocab.json</c> and <c>merges.txt</c>.</summary>
internal static class Gpt2Files
{
    // The classes of the reference that cut words by GPT-2's pattern and read nothing but these two files.
    private static readonly string[] Classes = ["GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast"];

    private static readonly JsonSerializerOptions Json = new() { AllowDuplicateProperties = false };

    public static TokenizerParts Read(string folder, IReadOnlyDictionary<string, byte[]> files, CompanionFiles companions)
    {
        string file = Path.Combine(folder, TokenizerFolder.VocabularyName);
        try
        {
            Dictionary<string, int> vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(files[TokenizerFolder.VocabularyName], Json)
                ?? throw new JsonException("it holds null.");
            CheckVocabulary(vocabulary);

            file = Path.Combine(folder, TokenizerFolder.MergesName);
            string[] lines = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(files[TokenizerFolder.MergesName]).Split('\n');
            IEnumerable<string> merges = lines.Select(line => line.TrimEnd('\r'))
                .Where((line, i) => line.Length > 0 && !(i == 0 && line.StartsWith("#version", StringComparison.Ordinal)));
            return MakeParts(vocabulary, [.. merges], companions, files);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(file, e.Path, $"It is not a JSON object from tokens to ids: {e.Message}", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new CheckpointException(file, null, e.Message, e);
        }
    }

    /// <exception cref="ArgumentException">The vocabulary or a merge is not as it must be.</exception>
    public static TokenizerParts MakeParts(
        Dictionary<string, int> vocabulary, IReadOnlyList<string> merges, CompanionFiles companions, IReadOnlyDictionary<string, byte[]> files)
    {
        CheckVocabulary(vocabulary);
        Dictionary<(int Left, int Right), (int Rank, int Id)> pairs = new(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            string merge = merges[rank];
            if (merge.Split(' ') is not [string left, string right] || !vocabulary.TryGetValue(left, out int leftId)
                || !vocabulary.TryGetValue(right, out int rightId) || !vocabulary.TryGetValue(left + right, out int joined))
            {
                throw new ArgumentException($"The merge '{merge}' is not two tokens with a space between, whose joining is a token too.");
            }

            pairs[(leftId, rightId)] = (rank, joined);
        }

        AddedToken[] own = vocabulary.TryGetValue(Gpt2Tokenizer.EndOfText, out int end) ? [new(end, Gpt2Tokenizer.EndOfText) { Special = true }] : [];
        IReadOnlyList<AddedToken> added = companions.Complete(vocabulary, own);
        return new()
        {
            AddedTokens = added,
            PreTokenizer = new ByteLevel(SplitPattern.Expression(ByteLevel.Gpt2Pattern), AddPrefixSpace(companions.Config)),
            Model = new(vocabulary, pairs, new BpeOptions()),
            Decoders = [new ByteLevelDecoder()],
            Template = MakeTemplate(companions, added),
            EndOfText = added.FirstOrDefault(token => token.Content == (companions.EndOfText ?? Gpt2Tokenizer.EndOfText))?.Id,
            Files = files,
        };
    }

    private static bool AddPrefixSpace(JsonPart config)
    {
        if (config.IsNull)
            return false;
        if (config["tokenizer_class"].TextOrNull() is { } name && !Classes.Contains(name))
            throw config["tokenizer_class"].NotSupported($"'{name}' without {TokenizerFolder.TokenizerName}", Classes);
        return config["add_prefix_space"].Flag(missing: false);
    }

    private static Template MakeTemplate(CompanionFiles companions, IReadOnlyList<AddedToken> added)
    {
        if (companions.Config.IsNull || !companions.Config["add_bos_token"].Flag(missing: false))
            return Template.None;
        if (companions.BeginOfText is not { } begin)
            throw companions.Config["add_bos_token"].Refusal("It is true, but there is no bos_token.");
        return new([new(added.First(token => token.Content == begin).Id, begin, 0..0)], []);
    }

    private static void CheckVocabulary(Dictionary<string, int> vocabulary)
    {
        foreach (char c in ByteAlphabet.Characters)
        {
            if (!vocabulary.ContainsKey(c.ToString()))
                throw new ArgumentException($"The vocabulary has no token '{c}': it needs one for each of the 256 bytes.");
        }

        HashSet<int> ids = [];
        foreach ((string token, int id) in vocabulary)
        {
            if (id < 0 || !ids.Add(id))
                throw new ArgumentException($"The token '{token}' has the id {id}, which is negative or another token's.");
            if (ByteAlphabet.Bytes(token) is null)
                throw new ArgumentException($"The token '{token}' is not written in GPT-2's 256 characters for bytes.");
        }
    }
}
