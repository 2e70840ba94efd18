using System.Globalization;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>
/// A <see cref="HeatMap"/> in a window or in plain text: colours where there are colours, characters of growing darkness where
/// not. With room for them, cells also show their numbers, in percent.
/// </summary>
internal static class HeatMapView
{
    private const int Wide = 5;
    private const string Blocks = " ░▒▓█";
    private const string Letters = " .:+#";

    public static void Write(IAnsiConsole console, HeatMap map)
    {
        int label = map.Rows.Max(row => row.Length);
        bool wide = label + (Wide * map.Columns) <= console.Profile.Width;
        console.Line(map.Title);
        console.Line();
        console.Line((new string(' ', label) + Header(map.Columns, wide)).TrimEnd());
        foreach ((string row, IReadOnlyList<double> values) in map.Rows.Zip(map.Values))
        {
            if (console.Profile.Capabilities.ColorSystem == ColorSystem.NoColors)
                console.Line((row.PadRight(label) + string.Concat(values.Select(value => Number(value, wide) + Shade(console, map.Depth(value))))).TrimEnd());
            else
                WriteInColour(console, map, row.PadRight(label), values, wide);
        }
    }

    private static void WriteInColour(IAnsiConsole console, HeatMap map, string label, IReadOnlyList<double> values, bool wide)
    {
        var line = new Paragraph(label);
        foreach (double value in values)
        {
            double depth = map.Depth(value);
            (byte red, byte green, byte blue) = map.Palette.At(depth);
            line.Append($"{Number(value, wide)} ", new Style(depth > 0.5 ? Color.White : Color.Black, new Color(red, green, blue)));
        }

        console.Write(line);
        console.WriteLine();
    }

    private static string Number(double value, bool wide) => wide
        ? (Math.Round(100 * value) + 0.0).ToString(CultureInfo.InvariantCulture).PadLeft(Wide - 1)
        : "";

    private static char Shade(IAnsiConsole console, double depth)
    {
        string shades = console.Profile.Capabilities.Unicode ? Blocks : Letters;
        return shades[(int)Math.Round(depth * (shades.Length - 1))];
    }

    /// <summary>The numbers of the layers; where there is no room, of every fifth.</summary>
    private static string Header(int columns, bool wide)
    {
        IEnumerable<int> layers = Enumerable.Range(0, columns);
        return wide
            ? string.Concat(layers.Select(layer => layer.ToString(CultureInfo.InvariantCulture).PadLeft(Wide)))
            : string.Concat(layers.Where(layer => layer % 5 == 0).Select(layer => layer.ToString(CultureInfo.InvariantCulture).PadRight(5)))[..columns];
    }
}
