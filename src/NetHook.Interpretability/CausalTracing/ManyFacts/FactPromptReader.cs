using System.Text;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>Reads files of facts.</summary>
internal static class FactPromptReader
{
    private const string Prompt = "prompt", Subject = "subject", Answer = "answer";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static IReadOnlyList<FactPrompt> Read(string path)
    {
        Func<string, (int Number, string Text)[], IEnumerable<FactPrompt>> read = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".TSV" => Table,
            ".JSONL" => Objects,
            var other => throw new FactException(path, null, $"Facts are read from .tsv and .jsonl files, and the ending is '{other}'."),
        };
        FactPrompt[] facts = [.. read(path, Lines(path))];
        return facts.Length > 0 ? facts : throw new FactException(path, null, "It holds no facts.");
    }

    /// <summary>The lines that are not empty, with their numbers.</summary>
    private static (int Number, string Text)[] Lines(string path)
    {
        List<(int, string)> lines = [];
        using FileStream stream = InputFile.Open(path);
        using var reader = new StreamReader(stream, Strict, detectEncodingFromByteOrderMarks: false);
        try
        {
            for (int number = 1; reader.ReadLine() is { } line; number++)
            {
                string text = number == 1 ? line.TrimStart('\uFEFF') : line;
                if (!string.IsNullOrWhiteSpace(text))
                    lines.Add((number, text));
            }
        }
        catch (DecoderFallbackException e)
        {
            throw new FactException(path, null, "It is not UTF-8.", e);
        }
        catch (IOException e) when (e is not CheckpointException)
        {
            throw new CheckpointException(path, null, $"It cannot be read: {e.Message}", e);
        }

        return [.. lines];
    }

    private static IEnumerable<FactPrompt> Table(string path, (int Number, string Text)[] lines)
    {
        if (lines is not [(var first, var header), ..])
            yield break;
        string[] columns = header.Split('\t');
        if (columns.GroupBy(column => column).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new FactException(path, first, $"The header names the column '{twice.Key}' twice.");
        int Column(string name) => Array.IndexOf(columns, name) is var at and >= 0 ? at
            : throw new FactException(path, first, $"The header lacks the column '{name}'. It names {string.Join(", ", columns.Select(column => $"'{column}'"))}, with tabs between.");
        (int prompt, int subject, int answer) = (Column(Prompt), Column(Subject), Array.IndexOf(columns, Answer));
        foreach ((int number, string text) in lines.Skip(1))
        {
            string[] fields = text.Split('\t');
            if (fields.Length != columns.Length)
                throw new FactException(path, number, $"The header asks for {columns.Length} fields with tabs between, and there {(fields.Length == 1 ? "is 1" : $"are {fields.Length}")}.");
            yield return Fact(path, number, fields[prompt], fields[subject], answer < 0 ? null : fields[answer]);
        }
    }

    private static IEnumerable<FactPrompt> Objects(string path, (int Number, string Text)[] lines)
    {
        foreach ((int number, string text) in lines)
        {
            JsonElement fact = Parse(path, number, text);
            string? Text(string name) => !fact.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
                : value.ValueKind == JsonValueKind.String ? value.GetString()
                : throw new FactException(path, number, $"\"{name}\" is no text but {value.GetRawText()}.");
            string Needed(string name) => Text(name) ?? throw new FactException(path, number, $"The object lacks \"{name}\".");
            yield return Fact(path, number, Needed(Prompt), Needed(Subject), Text(Answer));
        }
    }

    private static JsonElement Parse(string path, int number, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new FactException(path, number, "It is no JSON object, such as {\"prompt\": \"The capital of {} is\", \"subject\": \"France\", \"answer\": \"Paris\"}.");
        }
        catch (JsonException e)
        {
            throw new FactException(path, number, $"It is no JSON: {e.Message}", e);
        }
    }

    // An empty answer is none: the model's prediction is measured.
    private static FactPrompt Fact(string path, int number, string prompt, string subject, string? answer)
    {
        var fact = new FactPrompt(prompt, subject, string.IsNullOrWhiteSpace(answer) ? null : answer) { File = path, Line = number };
        try
        {
            fact.Fill();
            return fact;
        }
        catch (PromptException e)
        {
            throw new FactException(fact, number, e);
        }
    }
}
