using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>Reads <c>tokenizer.json</c>, the format of Hugging Face's tokenizers library, version 1.0.</summary>
/// <remarks>The vocabulary and the merges, of up to a million entries, are read as a stream; the rest is small.</remarks>
internal sealed class TokenizerJson(string path, IReadOnlyDictionary<string, byte[]> files)
{
    private static readonly string[] Parts =
        ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"];

    private static readonly string[] ModelParts =
    [
        "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
        "ignore_merges", "vocab", "merges",
    ];

    private readonly ReadOnlyMemory<byte> _content = files[TokenizerFolder.TokenizerName];

    public TokenizerParts Read(CompanionFiles companions)
    {
        Dictionary<string, ReadOnlyMemory<byte>> parts = MembersOf("", _content, Parts);
        if (Part(parts, "version") is { IsNull: false } version && version.Text() != "1.0")
            throw version.NotSupported(version.Shown(), "1.0");
        foreach (string name in (string[])["truncation", "padding"])
        {
            if (Part(parts, name) is { IsNull: false } unwanted)
                throw unwanted.Refusal("It is set, and would cut or fill each text. Set it to null.");
        }

        if (!parts.TryGetValue("model", out ReadOnlyMemory<byte> json))
            throw new CheckpointException(path, "model", "It is missing.");
        BpeModel model = ReadModel(json);
        IReadOnlyList<AddedToken> added = companions.Complete(model.Vocabulary, ReadAdded(Part(parts, "added_tokens"), model.Vocabulary));
        return new()
        {
            AddedTokens = added,
            Normalizer = TokenizerJsonParts.Normalizer(Part(parts, "normalizer")),
            PreTokenizer = TokenizerJsonParts.PreTokenizer(Part(parts, "pre_tokenizer")),
            Model = model,
            Template = TokenizerJsonParts.Template(Part(parts, "post_processor"), model.Vocabulary, added),
            Decoders = TokenizerJsonParts.Decoders(Part(parts, "decoder")),
            EndOfText = added.FirstOrDefault(token => token.Content == (companions.EndOfText ?? Gpt2Tokenizer.EndOfText))?.Id,
            Files = files,
        };
    }

    private JsonPart Part(Dictionary<string, ReadOnlyMemory<byte>> parts, string name, string key = "") =>
        parts.TryGetValue(name, out ReadOnlyMemory<byte> json) ? JsonPart.Parse(path, key + name, json) : new(path, key + name, default);

    private static List<AddedToken> ReadAdded(JsonPart list, Dictionary<string, int> vocabulary)
    {
        Dictionary<string, AddedToken> tokens = [];
        Dictionary<int, string> contents = [];
        if (list.IsNull)
            return [];
        HashSet<int> taken = [.. vocabulary.Values];
        foreach (JsonPart item in list.Items())
        {
            AddedToken token = CompanionFiles.ReadToken(
                item.With("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"), item["id"].Number());

            // The reference lets a token that the vocabulary has keep its id there.
            if (vocabulary.TryGetValue(token.Content, out int known))
                token = token with { Id = known };
            else if (taken.Contains(token.Id))
                throw item.Refusal($"The token '{token.Content}' has the id {token.Id}, which is another token's in the vocabulary.");
            if (!tokens.TryAdd(token.Content, token) || !contents.TryAdd(token.Id, token.Content))
                throw item.Refusal($"The token '{token.Content}' or its id {token.Id} is in the list already.");
        }

        return [.. tokens.Values];
    }

    private BpeModel ReadModel(ReadOnlyMemory<byte> json)
    {
        Dictionary<string, ReadOnlyMemory<byte>> parts = MembersOf("model", json, ModelParts);
        JsonPart Setting(string name) => Part(parts, name, "model.");
        if (Setting("type") is { IsNull: false } type && type.Text() != "BPE")
            throw type.NotSupported($"The model {type.Shown()}", "BPE");
        if (Setting("dropout") is { IsNull: false } dropout && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.GetDouble() == 0))
            throw dropout.NotSupported(dropout.Shown(), "null");
        foreach (string name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (Setting(name) is { } affix && affix.TextOrNull() is { Length: > 0 })
                throw affix.NotSupported(affix.Shown(), "null", "\"\"");
        }

        foreach (string name in (string[])["vocab", "merges"])
        {
            if (!parts.ContainsKey(name))
                throw new CheckpointException(path, $"model.{name}", "It is missing.");
        }

        Dictionary<string, int> vocabulary = new VocabularyReader(path).ReadVocabulary(parts["vocab"].Span);
        JsonPart unknown = Setting("unk_token");
        if (unknown.TextOrNull() is { } token && !vocabulary.ContainsKey(token))
            throw unknown.Refusal($"The vocabulary has no token {unknown.Shown()}.");
        return new(vocabulary, new VocabularyReader(path).ReadMerges(parts["merges"].Span, vocabulary), new()
        {
            UnknownToken = unknown.TextOrNull(),
            FuseUnknown = Setting("fuse_unk").Flag(missing: false),
            ByteFallback = Setting("byte_fallback").Flag(missing: false),
            IgnoreMerges = Setting("ignore_merges").Flag(missing: false),
        });
    }

    /// <summary>Where the members of an object are in the file.</summary>
    private Dictionary<string, ReadOnlyMemory<byte>> MembersOf(string key, ReadOnlyMemory<byte> json, string[] names)
    {
        try
        {
            Dictionary<string, ReadOnlyMemory<byte>> members = [];
            var reader = new Utf8JsonReader(json.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException(path, key.Length == 0 ? null : key, "It is not a JSON object.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                string full = key.Length == 0 ? name : $"{key}.{name}";
                if (!names.Contains(name))
                    throw new CheckpointException(path, full, $"This setting is not supported. Supported here: {string.Join(", ", names)}.");
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!members.TryAdd(name, json[start..(int)reader.BytesConsumed]))
                    throw new CheckpointException(path, full, "It is there twice.");
            }

            // Whatever is after the object.
            while (reader.Read())
            {
            }

            return members;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, key.Length == 0 ? null : key, $"It is not valid JSON of Unicode text: {e.Message}", e);
        }
    }
}
