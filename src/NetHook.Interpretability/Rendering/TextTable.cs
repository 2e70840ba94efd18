using System.Globalization;
using System.Text.Encodings.Web;

namespace NetHook.Interpretability;

/// <summary>Results as text: tokens down, layers across, aligned.</summary>
internal static class TextTable
{
    private const string Gap = "  ";

    /// <summary>Draws numbers, with the layers' numbers above them.</summary>
    /// <param name="rows">What each row is of.</param>
    /// <param name="grid">The numbers, as many rows as there are.</param>
    /// <param name="decimals">How many decimals they have.</param>
    public static string Draw(IReadOnlyList<string> rows, StateGrid grid, int decimals) => Draw(
        rows,
        [.. Enumerable.Range(0, grid.Layers).Select(layer => layer.ToString(CultureInfo.InvariantCulture))],
        (token, layer) => Number(grid[token, layer], decimals),
        (cell, width) => cell.PadLeft(width));

    /// <summary>Draws texts.</summary>
    /// <param name="rows">What each row is of.</param>
    /// <param name="columns">What each column is of.</param>
    /// <param name="cell">The text in a row and column.</param>
    public static string Draw(IReadOnlyList<string> rows, IReadOnlyList<string> columns, Func<int, int, string> cell) =>
        Draw(rows, columns, cell, (text, width) => text.PadRight(width));

    /// <summary>A token in quotes, so that the space at its beginning is seen, and with escapes for what would not be.</summary>
    public static string Quote(string token) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(token)}\"";

    /// <summary>A number, the same in every country.</summary>
    public static string Number(double value, int decimals)
    {
        // What rounds to 0 has no sign.
        double rounded = Math.Round(value, decimals) + 0.0;
        return rounded.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    private static string Draw(IReadOnlyList<string> rows, IReadOnlyList<string> columns, Func<int, int, string> cell, Func<string, int, string> align)
    {
        string[][] lines =
        [
            ["", .. columns],
            .. rows.Select((row, i) => (string[])[row, .. columns.Select((_, j) => cell(i, j))]),
        ];
        int[] widths = [.. lines[0].Select((_, column) => lines.Max(line => line[column].Length))];
        string Line(string[] line) => string.Join(Gap, line.Select((text, column) => column == 0 ? text.PadRight(widths[0]) : align(text, widths[column])));
        return string.Join('\n', lines.Select(line => Line(line).TrimEnd()));
    }
}
