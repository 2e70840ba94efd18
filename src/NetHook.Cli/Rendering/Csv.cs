using System.Globalization;

namespace NetHook.Cli;

/// <summary>Tables for spreadsheets and data frames (RFC 4180, but with line feeds), numbers in full precision.</summary>
internal static class Csv
{
    public static void Save(string path, IEnumerable<string> headings, IEnumerable<IEnumerable<object>> rows) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(string.Join(',', headings));
        foreach (IEnumerable<object> row in rows)
            writer.WriteLine(string.Join(',', row.Select(Field)));
    });

    private static string Field(object value) => value is string text
        ? text.AsSpan().ContainsAny(",\"\r\n") || text.AsSpan().Trim().Length != text.Length ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text
        : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
