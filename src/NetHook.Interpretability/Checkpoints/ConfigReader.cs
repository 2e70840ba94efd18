using System.Globalization;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>
/// Reads the settings of a <c>config.json</c> one by one, by their types and ranges, and knows which were not asked for.
/// Null is the same as missing for what may be missing (<see cref="SizeOrNull"/>, <see cref="TextOrNull"/>, <see cref="Part"/>,
/// <see cref="Items"/>), and refused for anything else.
/// </summary>
/// <remarks>
/// A family's config class reads each of its settings once, and then either keeps <see cref="Others"/>, to write them
/// back, or refuses them by <see cref="RefuseOthers"/>. Every refusal names the file and the setting.
/// <code>
/// var settings = ConfigReader.Read(path, new() { ["hidden_size"] = "n_embd" });
/// int width = settings.Size("n_embd", 768);
/// double epsilon = settings.Number("layer_norm_epsilon", 1e-5, least: 0);
/// bool tied = settings.Flag("tie_word_embeddings", true);
/// ConfigReader? scaling = settings.Part("rope_scaling");
/// </code>
/// </remarks>
internal sealed class ConfigReader
{
    /// <summary>The largest of any size in a model: 16,777,216.</summary>
    public const int LargestSize = 1 << 24;

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

    /// <summary>A size of the model: a whole number from 1 on.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="missing">What it is if it is missing; null if it must be there.</param>
    /// <param name="least">The least that it may be.</param>
    /// <param name="most">The most that it may be.</param>
    public int Size(string name, int? missing = null, int least = 1, int most = LargestSize)
    {
        JsonPart setting = Find(name);
        if (setting.Value.ValueKind == JsonValueKind.Undefined)
            return missing ?? throw setting.Refusal($"It is missing, and is expected to be {Range(least, most)}.");
        return setting.Value.ValueKind == JsonValueKind.Number && WholeNumber(setting.Value) is { } value && value >= least && value <= most
            ? (int)value
            : throw setting.Refusal($"It is {setting.Shown()}, expected {Range(least, most)}.");
    }

    /// <summary>As <see cref="Size"/>; null if it is missing.</summary>
    public int? SizeOrNull(string name, int least = 1, int most = LargestSize) => Has(name) ? Size(name, null, least, most) : null;

    /// <summary>A whole number of 32 bits, whose range is checked elsewhere.</summary>
    public int Integer(string name, int? missing = null) => Size(name, missing, int.MinValue, int.MaxValue);

    /// <summary>A finite number.</summary>
    public double Number(string name, double? missing = null, double least = double.MinValue, double most = double.MaxValue)
    {
        JsonPart setting = Find(name);
        if (setting.Value.ValueKind == JsonValueKind.Undefined)
            return missing ?? throw setting.Refusal("It is missing, and is expected to be a number.");
        if (setting.Value.ValueKind == JsonValueKind.Number && setting.Value.GetDouble() is var value && value >= least && value <= most)
            return value;
        string range = (least, most) switch
        {
            (double.MinValue, double.MaxValue) => "",
            (_, double.MaxValue) => string.Create(CultureInfo.InvariantCulture, $" of {least} or more"),
            _ => string.Create(CultureInfo.InvariantCulture, $" from {least} to {most}"),
        };
        throw setting.Refusal($"It is {setting.Shown()}, expected a number{range}.");
    }

    /// <summary>True or false.</summary>
    public bool Flag(string name, bool missing) => Find(name) is { Value.ValueKind: not JsonValueKind.Null } setting
        ? setting.Flag(missing)
        : throw Find(name).Refusal("It is null, not true or false.");

    /// <summary>A text.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="missing">What it is if it is missing; null if it must be there.</param>
    public string Text(string name, string? missing = null)
    {
        JsonPart setting = Find(name);
        return setting.Value.ValueKind == JsonValueKind.Undefined
            ? missing ?? throw setting.Refusal("It is missing, and is expected to be a text.")
            : setting.Text();
    }

    /// <summary>A text; null if it is missing.</summary>
    public string? TextOrNull(string name) => Find(name).TextOrNull();

    /// <summary>A list; null if it is missing.</summary>
    public IReadOnlyList<JsonPart>? Items(string name) => Find(name) is { IsNull: false } setting ? setting.Items() : null;

    /// <summary>An object of settings within these, such as <c>rope_scaling</c>; null if it is missing.</summary>
    public ConfigReader? Part(string name)
    {
        JsonPart setting = Find(name);
        if (setting.IsNull)
            return null;
        return setting.IsObject ? new(setting, new Dictionary<string, string>()) : throw setting.Refusal($"It is {setting.Shown()}, and an object of settings is expected.");
    }

    /// <summary>Refuses settings that were neither asked for nor are known to change nothing: one that is not understood is not ignored.</summary>
    /// <param name="harmless">Those that change nothing, by name.</param>
    /// <exception cref="CheckpointException">There is another setting; the message names it.</exception>
    public void RefuseOthers(IReadOnlyCollection<string> harmless)
    {
        foreach ((string name, JsonElement value) in Others)
        {
            if (value.ValueKind != JsonValueKind.Null && !harmless.Contains(name))
                throw _root[name].Refusal($"This setting ({_root[name].Shown()}) is not understood, so that the model would not be the one meant.");
        }
    }

    /// <summary>The refusal of a setting, for what only the family knows.</summary>
    public CheckpointException Refusal(string name, string problem) => Find(name).Refusal(problem);

    private static string Range(int least, int most) => string.Create(CultureInfo.InvariantCulture, $"{least} to {most}");

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
