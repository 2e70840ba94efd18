using Spectre.Console;
using Spectre.Console.Rendering;

namespace NetHook.Cli;

/// <summary>
/// How tables look: a heading and rows without lines between, for eyes and for other programs. Where the window is too
/// narrow, texts are folded and numbers are not.
/// </summary>
internal static class Tables
{
    private const int Gap = 2;
    private const int NarrowGap = 1;

    public static Table New() => new Table().NoBorder();

    public static Table Texts(this Table table, params ReadOnlySpan<string> headings)
    {
        foreach (string heading in headings)
            table.AddColumn(Column(heading));
        return table;
    }

    public static Table Numbers(this Table table, params ReadOnlySpan<string> headings)
    {
        foreach (string heading in headings)
            table.AddColumn(Column(heading).RightAligned().NoWrap());
        return table;
    }

    /// <summary>Makes the table fit into the window without folding, if narrower gaps do it.</summary>
    /// <returns>How wide the table is then.</returns>
    public static int Fit(this Table table, IAnsiConsole console)
    {
        if (Width(table, console) > console.Profile.Width)
        {
            foreach (TableColumn column in table.Columns)
                column.Padding(0, 0, NarrowGap, 0);
        }

        return Width(table, console);
    }

    /// <summary>Writes the table, in plain text without the spaces that pad the last column.</summary>
    public static void Print(this IAnsiConsole console, Table table)
    {
        if (console.Profile.Capabilities.Ansi)
        {
            console.Write(table);
            return;
        }

        foreach (string line in string.Concat(table.GetSegments(console).Select(segment => segment.Text)).TrimEnd('\n').Split('\n'))
            console.Line(line.TrimEnd());
    }

    /// <summary>Writes a line that a terminal may fold, but the tool does not: a path stays in one piece.</summary>
    public static void Line(this IAnsiConsole console, string text = "") => console.Profile.Out.Writer.WriteLine(text);

    /// <summary>Adds a row of texts, which are shown as they are: a bracket in a token is no markup.</summary>
    public static void Row(this Table table, params IEnumerable<string> cells) => table.AddRow(cells.Select(IRenderable (cell) => new Text(cell)));

    private static int Width(Table table, IAnsiConsole console) => ((IRenderable)table).Measure(RenderOptions.Create(console), int.MaxValue).Max;

    private static TableColumn Column(string heading) =>
        new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))).Padding(0, 0, Gap, 0);
}
