using System.Text;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>
/// The settings of a <c>config.json</c>. Each family reads those that it understands; <see cref="RefuseOthers"/> names any that nobody
/// read. A key with the value null counts as missing unless said otherwise.
/// </summary>
internal sealed class ModelSettings
{
    public const int LargestSize = 1 << 24;
    private const int LongestFile = 1 << 24;

    private readonly JsonElement _values;
    private readonly string _prefix;
    private readonly HashSet<string> _read = [];

    private ModelSettings(string file, string json, JsonElement values, string prefix) => (File, Json, _values, _prefix) = (file, json, values, prefix);

    public string File { get; }

    /// <summary>The whole file as it was read.</summary>
    public string Json { get; }

    /// <summary>The setting that says how many blocks there are, once the family has read it with <see cref="LayerCount"/>.</summary>
    public (string Key, int Count) Layers { get; private set; }

    /// <summary>Whether the checkpoint has a head of its own.</summary>
    public bool HeadIsThere { get; set; } = true;

    /// <summary>Whether the head has the embedding's weights. If the file does not say it, a checkpoint without a head does.</summary>
    public bool Tied(bool otherwise) => Flag("tie_word_embeddings", otherwise || !HeadIsThere);

    /// <exception cref="CheckpointException">The file is missing, no regular file or too long, or is not a JSON object of Unicode text.</exception>
    public static ModelSettings Read(string file)
    {
        byte[] bytes = InputFile.ReadAll(file, LongestFile);
        var root = JsonPart.Parse(file, "", bytes);
        return root.IsObject
            ? new(file, Encoding.UTF8.GetString(bytes), root.Value, "")
            : throw root.Refusal($"It is {root.Shown()}, and a JSON object of settings is expected.");
    }

    public CheckpointException Bad(string key, string problem) => new(File, _prefix + key, problem);

    /// <summary>Whether the file has the key, if only with the value null.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether the file has a value other than null at the key.</summary>
    public bool HasValue(string key) => Find(key) is { ValueKind: not JsonValueKind.Null };

    /// <summary>A size, from 1 on.</summary>
    public int Size(string key, int? otherwise = null) => SizeOrNull(key) ?? otherwise ?? throw Missing(key);

    public int? SizeOrNull(string key)
    {
        if (!HasValue(key))
            return null;
        JsonElement value = Find(key)!.Value;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int size) && size is >= 1 and <= LargestSize
            ? size
            : throw Bad(key, $"It is {Shown(value)}, expected 1 to {LargestSize}.");
    }

    public int LayerCount(string key, int? otherwise = null)
    {
        Layers = (key, Size(key, otherwise));
        return Layers.Count;
    }

    /// <summary>A number above 0.</summary>
    public double Positive(string key, double? otherwise = null) => PositiveOrNull(key) ?? otherwise ?? throw Missing(key);

    public double? PositiveOrNull(string key)
    {
        if (!HasValue(key))
            return null;
        JsonElement value = Find(key)!.Value;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number > 0 && double.IsFinite(number)
            ? number
            : throw Bad(key, $"It is {Shown(value)}, expected a number above 0.");
    }

    public bool Flag(string key, bool otherwise) => !HasValue(key) ? otherwise : Find(key)!.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(key, $"It is {Shown(Find(key)!.Value)}, expected true or false."),
    };

    public string Text(string key, string? otherwise = null) => !HasValue(key) ? otherwise ?? throw Missing(key)
        : Find(key)!.Value is { ValueKind: JsonValueKind.String } text ? text.GetString()!
        : throw Bad(key, $"It is {Shown(Find(key)!.Value)}, expected a text.");

    /// <summary>The name of an activation that <see cref="Activations"/> has.</summary>
    public string Activation(string key, string otherwise)
    {
        string name = Text(key, otherwise);
        return Activations.Names.Contains(name) ? name
            : throw Bad(key, $"It is \"{name}\", supported are {string.Join(", ", Activations.Names)}.");
    }

    /// <summary>A list of numbers above 0, of a given length.</summary>
    public double[] Numbers(string key, int count)
    {
        JsonElement list = Find(key) is { ValueKind: JsonValueKind.Array } found ? found : throw Bad(key, $"It is missing or no list, expected {count} numbers.");
        return list.GetArrayLength() == count && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Number && one.GetDouble() is > 0 and < double.PositiveInfinity)
            ? [.. list.EnumerateArray().Select(one => one.GetDouble())]
            : throw Bad(key, $"It is {Shown(list)}, expected {count} numbers above 0.");
    }

    /// <summary>One of some texts for each of some layers; null if the file says nothing.</summary>
    public string[]? PerLayer(string key, int layers, params string[] choices)
    {
        if (!HasValue(key))
            return null;
        JsonElement list = Find(key)!.Value;
        return list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == layers
            && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String && choices.Contains(one.GetString()))
            ? [.. list.EnumerateArray().Select(one => one.GetString()!)]
            : throw Bad(key, $"It is {Shown(list)}, expected a list of {layers}, each {string.Join(" or ", choices)}.");
    }

    /// <summary>The value itself, for what has a form of its own.</summary>
    public JsonElement? Value(string key) => Find(key);

    /// <summary>The object at a key, as settings of their own; null if there is none.</summary>
    public ModelSettings? Section(string key) => !HasValue(key) ? null
        : Find(key)!.Value is { ValueKind: JsonValueKind.Object } section ? new(File, Json, section, $"{_prefix}{key}.")
        : throw Bad(key, $"It is {Shown(Find(key)!.Value)}, expected an object.");

    /// <summary>Accepts a setting at one value alone, or missing.</summary>
    public void Only(string key, bool value)
    {
        if (Flag(key, value) != value)
            throw Bad(key, $"It is {(value ? "false" : "true")}, which is not supported.");
    }

    /// <summary>Says which settings somebody else has read.</summary>
    public void Accept(Func<string, bool> keys)
    {
        foreach (JsonProperty property in _values.EnumerateObject())
        {
            if (keys(property.Name))
                _read.Add(property.Name);
        }
    }

    /// <summary>Refuses any setting that nobody read, unless it cannot change what a model computes.</summary>
    public void RefuseOthers()
    {
        foreach (JsonProperty property in _values.EnumerateObject())
        {
            if (!_read.Contains(property.Name) && !(_prefix.Length == 0 && InertSettings.Has(property.Name, property.Value)))
                throw Bad(property.Name, $"It is {Shown(property.Value)}, a setting that is not understood. Remove it if it does not change what the model computes.");
        }
    }

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "...");
    }

    private CheckpointException Missing(string key) => Bad(key, "It is missing.");

    private JsonElement? Find(string key)
    {
        _read.Add(key);
        return _values.TryGetProperty(key, out JsonElement value) ? value : null;
    }
}
