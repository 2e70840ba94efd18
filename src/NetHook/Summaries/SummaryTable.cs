using System.Globalization;

namespace NetHook;

/// <summary>Draws a <see cref="ModelSummary"/> as text.</summary>
internal static class SummaryTable
{
    public static string Draw(ModelSummary summary)
    {
        string[] header = summary.Ran ? ["Layer", "Type", "Output", "Parameters", "Calls", "Time"] : ["Layer", "Type", "Parameters"];
        var rows = summary.Layers.Select(layer => Row(layer, summary.Ran)).Prepend(header).ToList();
        int[] widths = header.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var lines = rows.Select(row => Line(row, widths, header)).ToList();
        lines.Insert(1, new string('-', lines[0].Length));
        lines.Add(lines[1]);
        lines.Add($"{Count(summary.Parameters)} parameters, {Count(summary.TrainableParameters)} of them trainable");
        return string.Join('\n', lines.Select(line => line.TrimEnd()));
    }

    private static string[] Row(LayerSummary layer, bool ran)
    {
        string name = new string(' ', 2 * layer.Depth) + (layer.Depth == 0 ? "(the model)" : layer.Name);
        string type = layer.SharedWith is null ? layer.Type : $"{layer.Type} (shared with {layer.SharedWith})";
        string parameters = layer.Parameters == 0 ? "" : Count(layer.Parameters);
        if (!ran)
            return [name, type, parameters];
        return layer.Calls == 0
            ? [name, type, "", parameters, "", ""]
            : [name, type, layer.Output.Length > 0 ? layer.Output : "(not known)", parameters, Count(layer.Calls), Milliseconds(layer.Time)];
    }

    private static string Line(string[] row, int[] widths, string[] header) => string.Join("  ", row.Select((cell, column) =>
        header[column] is "Parameters" or "Calls" or "Time" ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])));

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F2", CultureInfo.InvariantCulture) + " ms";
}
