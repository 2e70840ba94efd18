using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>The type of the weights, as the <c>config.json</c> beside them says it.</summary>
internal static class StoredDtype
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The keys, the older first.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["torch_dtype", "dtype"];

    public static string NameOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => "float16",
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float64 => "float64",
        _ => "float32",
    };

    /// <summary>The text of the settings, which says this type. It is the same text if it said so before.</summary>
    public static string In(string json, ScalarType dtype)
    {
        JsonObject settings = JsonNode.Parse(json)!.AsObject();
        string[] present = [.. Keys.Where(settings.ContainsKey)];
        if (present.Length > 0 && present.All(key => settings[key] is JsonValue value && value.ToString() == NameOf(dtype)))
            return json;
        foreach (string key in present.Length > 0 ? present : [Keys[0]])
            settings[key] = NameOf(dtype);
        return settings.ToJsonString(Indented) + "\n";
    }
}
