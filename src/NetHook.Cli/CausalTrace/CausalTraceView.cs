using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="CausalTraceReport"/> as heat maps and as CSV.</summary>
internal static class CausalTraceView
{
    public static HeatMap Map(CausalTrace trace)
    {
        (int start, int length) = trace.Subject.GetOffsetAndLength(trace.Tokens.Count);
        IReadOnlyList<IReadOnlyList<double>> values = trace.Probabilities.Rows();
        string Mark(int position) => position >= start && position < start + length ? "*" : "";
        return new(
            KindOption.Describe(trace.Kind, trace.Window, "restored"),
            $"p({Tokens.Caption(trace.AnswerText)})",
            [.. trace.Tokens.Select((token, i) => Tokens.Quote(token) + Mark(i))],
            [.. trace.Tokens.Select((token, i) => Tokens.Caption(token) + Mark(i))],
            values,
            trace.CorruptedProbability,
            values.Max(row => row.Max()),
            Palette.Of(trace.Kind));
    }

    public static void Write(IAnsiConsole console, CausalTraceReport report, IReadOnlyList<HeatMap> maps)
    {
        string answer = Tokens.Quote(report.Answer.Text);
        console.Line($"The answer {answer} has {Figures.Percent(report.CleanProbability)}, and {Figures.Percent(report.CorruptedProbability)} with the subject (*) corrupted:");
        console.Line($"the mean of {Figures.Count(report.Samples, "run")} with noise of {Figures.Plain(report.Noise)} standard deviations, seed {report.Seed}.");
        foreach (HeatMap map in maps)
        {
            console.Line();
            HeatMapView.Write(console, map);
            console.Line();
            console.Line(Highest(map));
        }

        if (report.Saved is not null)
            console.Line($"\nSaved to {report.Saved}.");
    }

    public static void SaveCsv(string path, CausalTraceReport report) => Csv.Save(
        path,
        ["kind", "window", "position", "token", "corrupted", "layer", "probability", "indirect_effect"],
        from grid in report.Grids
        from position in Enumerable.Range(0, report.Tokens.Count)
        from layer in Enumerable.Range(0, grid.Probabilities[position].Count)
        let probability = grid.Probabilities[position][layer]
        select new object[]
        {
            grid.Kind, grid.Window, position, report.Tokens[position].Text, report.Subject.Contains(position) ? 1 : 0, layer,
            probability, probability - report.CorruptedProbability,
        });

    private static string Highest(HeatMap map)
    {
        (int row, int column) = map.Highest;
        return $"Highest: {Figures.Percent(map.Values[row][column])} at {map.Rows[row]}, layer {column}.";
    }
}
