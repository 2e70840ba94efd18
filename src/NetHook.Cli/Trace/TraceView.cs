using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="TraceReport"/> as tables.</summary>
internal static class TraceView
{
    public static void Write(IAnsiConsole console, TraceReport report)
    {
        console.Line($"{Figures.Count(report.Tokens.Count, "token")}: {string.Join(' ', report.Tokens.Select(token => Tokens.Quote(token.Text)))}");
        console.Line();
        if (report.NextTokens is not null)
            WriteNextTokens(console, report.NextTokens);
        WriteLayers(console, report.Layers);
        if (report.StoppedAt is not null)
            console.Line($"\nStopped after {report.StoppedAt}: what follows did not run.");
        if (report.Saved is not null)
            console.Line($"\nSaved {Figures.Count(report.Layers.Count, "activation")} to {report.Saved}.");
    }

    private static void WriteNextTokens(IAnsiConsole console, IReadOnlyList<NextToken> tokens)
    {
        Table table = Tables.New().Texts("Next token").Numbers("Probability");
        foreach (NextToken token in tokens)
            table.Row(Tokens.Quote(token.Text), Figures.Percent(token.Probability));
        console.Print(table);
        console.Line();
    }

    private static void WriteLayers(IAnsiConsole console, IReadOnlyList<LayerActivation> layers)
    {
        Table table = MakeLayers(layers, withTypes: true);
        int needed = table.Fit(console), width = console.Profile.Width;
        console.Print(needed <= width ? table : MakeLayers(layers, withTypes: false));
        if (needed > width)
            console.Line($"\nTypes are left out: they need a window of {needed} columns, and this one has {width}.");
    }

    private static Table MakeLayers(IReadOnlyList<LayerActivation> layers, bool withTypes)
    {
        string[] Texts(string layer, string type, string output) => withTypes ? [layer, type, output] : [layer, output];

        Table table = Tables.New().Texts(Texts("Layer", "Type", "Output")).Numbers("Mean", "Std", "Norm", "ms");
        foreach (LayerActivation layer in layers)
        {
            table.Row([
                .. Texts(layer.Layer, layer.Type, Figures.Shape(layer.Shape)),
                Figures.Real(layer.Mean), Figures.Real(layer.Std), Figures.Real(layer.Norm), Figures.Milliseconds(layer.Milliseconds)]);
        }

        return table;
    }
}
