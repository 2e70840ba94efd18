using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>A value in a JSON file, with the way to it, for errors that name both.</summary>
internal readonly record struct JsonPart(string File, string Key, JsonElement Value)
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    public bool IsNull => Value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public bool IsObject => Value.ValueKind == JsonValueKind.Object;

    public static JsonPart Parse(string file, string key, ReadOnlyMemory<byte> json)
    {
        try
        {
            CheckTexts(json.Span);
            using var document = JsonDocument.Parse(json, Options);
            return new(file, key, document.RootElement.Clone());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(file, key.Length == 0 ? null : key, $"It is not valid JSON of Unicode text: {e.Message}", e);
        }
    }

    /// <summary>A member of the object; null in JSON where it is missing.</summary>
    public JsonPart this[string name] =>
        !IsObject ? throw Refusal($"It is {Shown()}, not an object.")
        : new(File, Name(name), Value.TryGetProperty(name, out JsonElement member) ? member : default);

    /// <summary>This part, which must be an object that has no members but these: one that is not understood is not ignored.</summary>
    public JsonPart With(params string[] names)
    {
        if (!IsObject)
            throw Refusal($"It is {Shown()}, not an object.");
        foreach (JsonProperty member in Members())
        {
            if (!names.Contains(member.Name))
                throw new CheckpointException(File, Name(member.Name), $"This setting is not supported. Supported here: {string.Join(", ", names)}.");
        }

        return this;
    }

    public string Text() => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Refusal($"It is {Shown()}, not a text.");

    public string? TextOrNull() => IsNull ? null : Text();

    /// <summary>A text of one character.</summary>
    public string Character()
    {
        string text = Text();
        return text.EnumerateRunes().Count() == 1 ? text : throw Refusal($"It is {Shown()}, not one character.");
    }

    public bool Flag(bool missing) => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => missing,
        _ => throw Refusal($"It is {Shown()}, not true or false."),
    };

    /// <summary>A whole number from 0 on.</summary>
    public int Number() => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= 0
        ? number
        : throw Refusal($"It is {Shown()}, not a whole number from 0 to {int.MaxValue}.");

    public IReadOnlyList<JsonPart> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Refusal($"It is {Shown()}, not a list.");
        JsonPart part = this;
        return [.. Value.EnumerateArray().Select((item, i) => part with { Key = $"{part.Key}[{i}]", Value = item })];
    }

    public IReadOnlyList<JsonProperty> Members() => IsObject ? [.. Value.EnumerateObject()] : throw Refusal($"It is {Shown()}, not an object.");

    /// <summary>The refusal of a kind of part that is not supported.</summary>
    public CheckpointException NotSupported(string found, params string[] supported) =>
        Refusal($"{found} is not supported. Supported here: {string.Join(", ", supported)}.");

    public CheckpointException Refusal(string problem, Exception? inner = null) => new(File, Key.Length == 0 ? null : Key, problem, inner);

    public string Shown()
    {
        if (Value.ValueKind == JsonValueKind.Undefined)
            return "missing";
        string json = Value.GetRawText();
        return json.Length <= 60 ? json : $"{json[..60]}...";
    }

    private string Name(string member) => Key.Length == 0 ? member : $"{Key}.{member}";

    // Reading a text is what finds bytes that are not UTF-8 and halves of surrogate pairs.
    private static void CheckTexts(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                _ = reader.GetString();
        }
    }
}
