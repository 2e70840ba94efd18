using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>
/// Reads the settings of a <c>config.json</c> one by one, by their types, under any of their names, and knows which were not asked
/// for. Every refusal names the file and the setting.
/// </summary>
internal sealed class ConfigReader
{
    /// <summary>The largest of any size in a model: 16,777,216.</summary>
    public const int LargestSize = 1 << 24;

    private const string Integers = "-2147483648 to 2147483647";

    // Real ones have a few KB; those with a label for each of 20,000 classes about 1 MB.
    private const int MostBytes = 4 << 20;

    private readonly JsonPart _root;
    private readonly IReadOnlyDictionary<string, string> _aliases;
    private readonly HashSet<string> _read = [];

    private ConfigReader(JsonPart root, IReadOnlyDictionary<string, string> aliases)
    {
        (_root, _aliases) = (root, aliases);
        foreach ((string alias, string name) in aliases)
        {
            if (!root[alias].IsNull && !root[name].IsNull && root[alias].Value.GetRawText() != root[name].Value.GetRawText())
                throw root[alias].Refusal($"It is {root[alias].Shown()}, but {name}, another name of this setting, is {root[name].Shown()}. Remove one of them.");
        }
    }

    /// <summary>The settings that were not asked for so far.</summary>
    public IReadOnlyDictionary<string, JsonElement> Others =>
        _root.Members().Where(member => !_read.Contains(member.Name)).ToDictionary(member => member.Name, member => member.Value);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="aliases">From other names that a setting may have to the name that it is asked for by.</param>
    /// <exception cref="CheckpointException">It is missing, is no regular file, is larger than 4 MB, or is not a JSON object of
    /// Unicode text, in which no name comes twice, no number is out of a double's range, and nothing is nested more than 64 deep.</exception>
    public static ConfigReader Read(string path, Dictionary<string, string>? aliases = null)
    {
        var root = JsonPart.Parse(path, "", InputFile.ReadAll(path, MostBytes));
        if (!root.IsObject)
            throw root.Refusal($"It is {root.Shown()}, and a JSON object of settings is expected.");
        CheckNumbers(root);
        return new(root, aliases ?? []);
    }

    /// <summary>Whether the setting is there, under any of its names, and not null.</summary>
    public bool Has(string name) => !Find(name).IsNull;

    /// <summary>A whole number of 32 bits, whose range is checked elsewhere.</summary>
    public int Integer(string name, int? missing = null)
    {
        JsonPart setting = Find(name);
        if (setting.Value.ValueKind == JsonValueKind.Undefined)
            return missing ?? throw setting.Refusal($"It is missing, and is expected to be {Integers}.");
        return setting.Value.ValueKind == JsonValueKind.Number && WholeNumber(setting.Value) is { } value && value >= int.MinValue && value <= int.MaxValue
            ? (int)value
            : throw setting.Refusal($"It is {setting.Shown()}, expected {Integers}.");
    }

    /// <summary>A finite number.</summary>
    public double Number(string name, double missing)
    {
        JsonPart setting = Find(name);
        return setting.Value.ValueKind switch
        {
            JsonValueKind.Undefined => missing,
            JsonValueKind.Number => setting.Value.GetDouble(),
            _ => throw setting.Refusal($"It is {setting.Shown()}, expected a number."),
        };
    }

    /// <summary>True or false.</summary>
    public bool Flag(string name, bool missing) => Find(name) is { Value.ValueKind: not JsonValueKind.Null } setting
        ? setting.Flag(missing)
        : throw Find(name).Refusal("It is null, not true or false.");

    /// <summary>A text.</summary>
    public string Text(string name, string missing)
    {
        JsonPart setting = Find(name);
        return setting.Value.ValueKind == JsonValueKind.Undefined ? missing : setting.Text();
    }

    // 12.0 is a whole number too, as other programs write it.
    private static long? WholeNumber(JsonElement value) => value.TryGetInt64(out long whole) ? whole
        : value.TryGetDouble(out double number) && Math.Truncate(number) == number && Math.Abs(number) <= LargestSize ? (long)number
        : null;

    private static void CheckNumbers(JsonPart part)
    {
        switch (part.Value.ValueKind)
        {
            case JsonValueKind.Number when !double.IsFinite(part.Value.GetDouble()):
                throw part.Refusal($"It is {part.Shown()}, which is beyond the range of a double.");
            case JsonValueKind.Object:
                foreach (JsonProperty member in part.Value.EnumerateObject())
                    CheckNumbers(part with { Key = part.Key.Length == 0 ? member.Name : $"{part.Key}.{member.Name}", Value = member.Value });
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in part.Value.EnumerateArray())
                    CheckNumbers(part with { Value = item });
                break;
        }
    }

    /// <summary>The setting, under the name or one of the others that it has.</summary>
    private JsonPart Find(string name)
    {
        _read.Add(name);
        JsonPart found = _root[name];
        foreach ((string alias, string meant) in _aliases)
        {
            if (meant != name)
                continue;
            _read.Add(alias);
            if (found.IsNull && !_root[alias].IsNull)
                found = _root[alias];
        }

        return found;
    }
}
