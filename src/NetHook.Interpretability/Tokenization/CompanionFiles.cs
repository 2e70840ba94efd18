using System.Globalization;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>The small files beside a tokenizer, in which added and special tokens may be.</summary>
internal sealed class CompanionFiles
{
    public const string AddedTokensName = "added_tokens.json";
    public const string SpecialTokensName = "special_tokens_map.json";
    public const string ConfigName = "tokenizer_config.json";

    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly List<(AddedToken Token, JsonPart Source)> _added = [];
    private readonly List<(string Content, JsonPart Source)> _special = [];
    private readonly Dictionary<string, string> _roles = [];

    /// <summary>The content of the token that begins a text, or null.</summary>
    public string? BeginOfText => _roles.GetValueOrDefault("bos_token");

    /// <summary>The content of the token that ends a text, or null.</summary>
    public string? EndOfText => _roles.GetValueOrDefault("eos_token");

    /// <summary><c>tokenizer_config.json</c>, or a part that is null.</summary>
    public JsonPart Config { get; private set; }

    public static CompanionFiles Read(string folder, IReadOnlyDictionary<string, byte[]> files)
    {
        var companions = new CompanionFiles();
        if (Parse(ConfigName) is { } config)
        {
            companions.Config = config;
            companions.ReadConfig(config);
        }

        if (Parse(SpecialTokensName) is { } special)
            companions.ReadSpecial(special);
        if (Parse(AddedTokensName) is { } added)
            companions.ReadAdded(added);
        return companions;

        JsonPart? Parse(string name)
        {
            if (!files.TryGetValue(name, out byte[]? content))
                return null;
            var part = JsonPart.Parse(Path.Combine(folder, name), "", content);
            return part.IsObject ? part : throw part.Refusal($"It is {part.Shown()}, not an object.");
        }
    }

    /// <summary>
    /// The added tokens of a tokenizer: its own, those of these files that it lacks, and the special ones that are in its
    /// vocabulary. A special token that is nowhere gets the next id.
    /// </summary>
    public IReadOnlyList<AddedToken> Complete(IReadOnlyDictionary<string, int> vocabulary, IEnumerable<AddedToken> own)
    {
        var tokens = own.ToDictionary(token => token.Content);
        var contents = vocabulary.ToDictionary(pair => pair.Value, pair => pair.Key);
        foreach (AddedToken token in tokens.Values)
            contents.TryAdd(token.Id, token.Content);

        foreach ((AddedToken token, JsonPart source) in _added)
        {
            int? known = tokens.GetValueOrDefault(token.Content)?.Id ?? (vocabulary.TryGetValue(token.Content, out int id) ? id : null);
            if (known is not null && known != token.Id)
                throw source.Refusal($"The token '{token.Content}' has the id {token.Id} here, and {known} in the vocabulary.");
            if (contents.TryGetValue(token.Id, out string? other) && other != token.Content)
                throw source.Refusal($"The token '{token.Content}' has the id {token.Id}, which is that of '{other}'.");
            contents[token.Id] = token.Content;
            tokens.TryAdd(token.Content, token);
        }

        foreach ((string content, JsonPart source) in _special)
        {
            if (tokens.ContainsKey(content))
                continue;
            if (!vocabulary.TryGetValue(content, out int id))
            {
                id = contents.Count == 0 ? 0 : contents.Keys.Max() is var last && last < int.MaxValue ? last + 1 : throw source.Refusal("No id is left for it.");
                contents.Add(id, content);
            }

            tokens.Add(content, new(id, content) { Special = true });
        }

        return [.. tokens.Values];
    }

    /// <summary>An added token, as <c>tokenizer.json</c> and <c>tokenizer_config.json</c> write it.</summary>
    public static AddedToken ReadToken(JsonPart part, int id)
    {
        string content = part["content"].Text();
        if (content.Length == 0)
            throw part.Refusal("Its content is empty.");
        return new(id, content)
        {
            Special = part["special"].Flag(missing: false),
            Normalized = part["normalized"].Flag(missing: true),
            LeftStrip = part["lstrip"].Flag(missing: false),
            RightStrip = part["rstrip"].Flag(missing: false),
            SingleWord = part["single_word"].Flag(missing: false),
        };
    }

    private void ReadConfig(JsonPart config)
    {
        ReadSpecial(config);
        if (config["added_tokens_decoder"] is not { IsNull: false } decoder)
            return;
        foreach (JsonProperty member in decoder.Members())
        {
            JsonPart part = decoder[member.Name];
            if (!int.TryParse(member.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw part.Refusal("Its name is not an id.");
            _added.Add((ReadToken(part.With("content", "lstrip", "normalized", "rstrip", "single_word", "special"), id), part));
        }
    }

    private void ReadSpecial(JsonPart map)
    {
        foreach (string role in Roles)
        {
            if (Content(map[role]) is { } content)
                _roles[role] = content;
        }

        if (map["additional_special_tokens"] is { IsNull: false } others)
        {
            foreach (JsonPart other in others.Items())
                Content(other);
        }
    }

    private void ReadAdded(JsonPart map)
    {
        foreach (JsonProperty member in map.Members())
        {
            JsonPart part = map[member.Name];
            if (member.Name.Length == 0)
                throw part.Refusal("Its name, which is the token, is empty.");
            bool special = _special.Any(token => token.Content == member.Name);
            _added.Add((new(part.Number(), member.Name) { Special = special, Normalized = !special }, part));
        }
    }

    private string? Content(JsonPart part)
    {
        string? content = part.IsObject ? part["content"].Text() : part.TextOrNull();
        if (string.IsNullOrEmpty(content))
            return null;
        _special.Add((content, part));
        return content;
    }
}
