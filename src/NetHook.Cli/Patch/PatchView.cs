using System.Globalization;
using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="PatchReport"/> as heat maps and as CSV.</summary>
internal static class PatchView
{
    public static HeatMap Map(ActivationPatch patch) => new(
        KindOption.Describe(patch.Kind, patch.Window, "patched"),
        $"recovered of {Tokens.Caption(patch.CleanAnswer)}",
        [.. patch.Tokens.Select(token => Label(token, Tokens.Quote))],
        [.. patch.Tokens.Select(token => Label(token, Tokens.Caption))],
        patch.Normalized().Rows(),
        0,
        1,
        Palette.Of(patch.Kind));

    public static HeatMap Map(HeadPart part, string done, PromptPair pair, HeadGrid recovered) => new(
        $"{NameOf(part)} of heads {done}",
        $"recovered of {Tokens.Caption(pair.CleanAnswer)}",
        [.. Enumerable.Range(0, recovered.Heads).Select(Head)],
        [.. Enumerable.Range(0, recovered.Heads).Select(Head)],
        recovered.Rows(),
        0,
        1,
        Palette.Of(StateKind.Attention));

    public static void Write(IAnsiConsole console, PatchReport report, IReadOnlyList<HeatMap> maps)
    {
        console.Line($"The logit of {Tokens.Quote(report.Answer.Text)} less that of {Tokens.Quote(report.CounterfactualAnswer.Text)} is {Figures.Real(report.LogitDifference)}, and {Figures.Real(report.CounterfactualLogitDifference)} in the counterfactual run.");
        foreach (HeatMap map in maps)
        {
            console.Line();
            HeatMapView.Write(console, map);
        }

        if (report.Saved is not null)
            console.Line($"\nSaved to {report.Saved}.");
    }

    public static void SaveCsv(string path, PatchReport report) => Csv.Save(
        path,
        ["kind", "window", "clean_position", "clean_token", "counterfactual_position", "counterfactual_token", "layer", "logit_difference", "recovered"],
        from grid in report.Grids
        from row in Enumerable.Range(0, report.Tokens.Count)
        from layer in Enumerable.Range(0, grid.Recovered[row].Count)
        let token = report.Tokens[row]
        select new object[]
        {
            grid.Kind, grid.Window, token.CleanPosition, token.CleanText, token.CounterfactualPosition, token.CounterfactualText, layer,
            grid.LogitDifferences[row][layer], grid.Recovered[row][layer],
        });

    /// <summary>The same of heads.</summary>
    public static void SaveHeadsCsv(string path, PatchReport report) => Csv.Save(
        path,
        ["kind", "head", "layer", "logit_difference", "recovered"],
        from grid in report.Grids
        from head in Enumerable.Range(0, grid.Recovered.Count)
        from layer in Enumerable.Range(0, grid.Recovered[head].Count)
        select new object[] { grid.Kind, head, layer, grid.LogitDifferences[head][layer], grid.Recovered[head][layer] });

    private static string Head(int head) => string.Create(CultureInfo.InvariantCulture, $"head {head}");

    private static string NameOf(HeadPart part) => part switch
    {
        HeadPart.Query => "Queries",
        HeadPart.Key => "Keys",
        HeadPart.Value => "Values",
        HeadPart.Pattern => "Patterns",
        _ => "Outputs",
    };

    private static string Label(PatchedToken token, Func<string, string> write) =>
        token.Differs ? $"{write(token.CleanText)}, {write(token.CounterfactualText)}*" : write(token.CleanText);
}
