using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="LensReport"/> as a table, layers down and tokens across; several where the window is too narrow for one.</summary>
internal static class LensView
{
    public static void Write(IAnsiConsole console, LensReport report)
    {
        int first = 0;
        while (first < report.Tokens.Count)
        {
            if (first > 0)
                console.Line();
            int count = report.Tokens.Count - first;
            while (count > 1 && Part(report, first, count).Fit(console) > console.Profile.Width)
                count--;
            Table table = Part(report, first, count);
            table.Fit(console);
            console.Print(table);
            first += count;
        }
    }

    private static Table Part(LensReport report, int first, int count)
    {
        Table table = Tables.New().Texts("Layer").Texts([.. report.Tokens.Skip(first).Take(count).Select(token => Tokens.Quote(token.Text))]);
        foreach (LensLayer layer in report.Layers)
            table.Row([layer.Layer, .. layer.Predictions.Skip(first).Take(count).Select(Cell)]);
        return table;
    }

    private static string Cell(IReadOnlyList<NextToken> predictions) =>
        $"{Tokens.Quote(predictions[0].Text)} {Figures.WholePercent(predictions[0].Probability)}";
}
