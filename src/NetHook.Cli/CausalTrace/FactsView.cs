using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>Averages over facts as heat maps, as a figure, and as CSV.</summary>
internal static class FactsView
{
    /// <summary>Writes what was asked for: the file of --out, and text or JSON.</summary>
    public static void Write(IAnsiConsole console, CausalTraceFile file, string? traces, string? path, bool json)
    {
        var report = FactsReport.Of(file, traces, path);
        HeatMap[] maps = file.Known == 0 ? [] : [.. file.Averages.Select(average => Map(average, file.Sever))];
        if (path is not null)
            GridOutOption.Save(path, report, () => SaveFigure(path, file, maps), csv => SaveCsv(csv, report));
        if (json)
            ReportJson.Write(console, report);
        else
            Write(console, file, report, maps);
    }

    /// <summary>The roles that some fact has a token of.</summary>
    public static IReadOnlyList<TokenRole> Roles(CausalTraceAverage average) => [.. Enum.GetValues<TokenRole>().Where(role => average[role, 0].Count > 0)];

    private static HeatMap Map(CausalTraceAverage average, StateKind? sever)
    {
        IReadOnlyList<TokenRole> roles = Roles(average);
        IReadOnlyList<double>[] means = [.. roles.Select(role => (IReadOnlyList<double>)[.. Enumerable.Range(0, average.Layers).Select(layer => average[role, layer].Mean)])];
        string severed = sever is { } kind ? $", {(kind == StateKind.Mlp ? "MLPs" : "attention")} severed" : "";
        return new(
            KindOption.Describe(average.Kind, average.Window, "restored") + severed, "Average indirect effect",
            [.. roles.Select(TokenRoles.NameOf)], [.. roles.Select(TokenRoles.NameOf)], means, 0, means.Max(row => row.Max()), Palette.Of(average.Kind));
    }

    private static void SaveFigure(string path, CausalTraceFile file, HeatMap[] maps)
    {
        if (maps.Length == 0)
            throw new ToolException($"The model knows none of these facts: there is nothing to draw in {path}.");
        FactsFigure.Save(path, file, maps);
    }

    private static void Write(IAnsiConsole console, CausalTraceFile file, FactsReport report, HeatMap[] maps)
    {
        console.Line($"{Figures.Count(file.Facts.Count, "fact")}: {Figures.Count(file.Known)} known to the model and averaged, {Figures.Count(file.Unknown)} left out.");
        if (file.Known > 0)
        {
            console.Line($"The answer has {Percent(file.CleanProbability)}, and {Percent(file.CorruptedProbability)} with the subject corrupted:");
            console.Line($"the mean of {Figures.Count(file.Samples, "run")} with noise of {Figures.Plain(file.Noise)} standard deviations, seed {file.Seed}.");
        }

        foreach ((HeatMap map, CausalTraceAverage average) in maps.Zip(file.Averages))
        {
            console.Line();
            HeatMapView.Write(console, map);
            console.Line();
            (int row, int layer) = map.Highest;
            console.Line($"Highest: {Percent(average[Roles(average)[row], layer])} at {map.Rows[row]}, layer {layer}.");
        }

        if (report.Traces is not null || report.Saved is not null)
            console.Line();
        if (report.Traces is not null)
            console.Line($"Traces saved to {report.Traces}.{Missing(file)}");
        if (report.Saved is not null)
            console.Line($"Saved to {report.Saved}.");
    }

    private static string Missing(CausalTraceFile file) => file.Parts.Count > 1 && file.Missing is { Count: > 0 } missing ? $" Still missing: {ShardOption.List(missing)}." : "";

    private static string Percent(MeanEstimate estimate) =>
        Figures.Percent(estimate.Mean) + (double.IsNaN(estimate.Interval) ? "" : $" ±{Figures.Percent(estimate.Interval)[..^2]}");

    private static void SaveCsv(string path, FactsReport report) => Csv.Save(
        path,
        ["kind", "window", "role", "facts", "layer", "indirect_effect", "interval"],
        from average in report.Averages
        from role in average.Roles
        from layer in Enumerable.Range(0, role.Means.Count)
        select new object[]
        {
            average.Kind, average.Window, role.Role, role.Facts, layer, (object?)role.Means[layer] ?? "", (object?)role.Intervals[layer] ?? "",
        });
}
