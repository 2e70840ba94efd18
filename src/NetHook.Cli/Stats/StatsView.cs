using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="StatsReport"/> as a table.</summary>
internal static class StatsView
{
    public static void Write(IAnsiConsole console, StatsReport report, string line)
    {
        Table table = Tables.New().Texts("Layer", "Statistic").Numbers("Samples", "Features");
        foreach (StatsLayer layer in report.Layers)
            table.Row(layer.Layer, layer.Statistic, Figures.Count(layer.Samples), Figures.Count(layer.Features));
        table.Fit(console);
        console.Print(table);
        console.Line();
        console.Line(line);
    }
}
