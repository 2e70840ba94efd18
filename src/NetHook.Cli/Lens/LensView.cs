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
            int count = MostThatFit(console, report, first);
            Table table = Part(report, first, count);
            table.Fit(console);
            console.Print(table);
            first += count;
        }
    }

    // A wider part is never narrower, so that halving finds the widest that fits.
    private static int MostThatFit(IAnsiConsole console, LensReport report, int first)
    {
        int fits = 1, most = report.Tokens.Count - first;
        while (fits < most)
        {
            int middle = (fits + most + 1) / 2;
            if (Part(report, first, middle).Fit(console) > console.Profile.Width)
                most = middle - 1;
            else
                fits = middle;
        }

        return fits;
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
