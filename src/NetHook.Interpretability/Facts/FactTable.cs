namespace NetHook.Interpretability;

/// <summary>A file of tab-separated fields with a header line; every field is there and not empty.</summary>
internal sealed class FactTable
{
    public FactTable(string path)
    {
        Path = path;
        string[] lines = File.ReadAllLines(path);
        if (lines.Length < 2)
            throw new InvalidDataException($"{path} must hold a header line and at least one more; it holds {lines.Length}.");
        Columns = lines[0].Split('\t');
        Rows = [.. lines.Skip(1).Select((line, i) => Fields(line, i + 2))];
    }

    public string Path { get; }

    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<string[]> Rows { get; }

    private string[] Fields(string line, int number)
    {
        string[] fields = line.Split('\t');
        if (fields.Length != Columns.Count || fields.Any(string.IsNullOrWhiteSpace))
            throw new InvalidDataException($"{Path}, line {number}: the header asks for {Columns.Count} fields, none empty, with tabs between them; found '{line}'.");
        return fields;
    }
}
