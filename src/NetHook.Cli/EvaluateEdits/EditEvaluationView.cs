using System.Globalization;
using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>An <see cref="EditEvaluationReport"/> as tables: the layers, then the relations of the first.</summary>
internal static class EditEvaluationView
{
    public static void Write(IAnsiConsole console, EditEvaluationReport report)
    {
        int made = report.Complete ? report.Edits : report.Layers.Sum(layer => layer.All.Edits);
        console.Line($"{Figures.Count(made, "edit")} of {ModelOption.NameOf(report.Model)}, {(report.Complete ? "" : "interrupted, ")}each on a fresh copy (seed {report.Seed}): success, score, magnitude.");
        Print(console, "Layer", report.Layers.Select(layer => ($"{layer.Layer}", layer.All)));
        Print(console, $"Layer {report.Layers[0].Layer}", report.Layers[0].Relations.Select(scores => (scores.Relation, scores)));
        if (report.Saved is not null)
            console.Line($"Saved to {report.Saved}.");
    }

    private static void Print(IAnsiConsole console, string heading, IEnumerable<(string Name, EditScores Scores)> rows)
    {
        Table table = Tables.New().Texts(heading).Numbers("Efficacy", "Generalisation", "Specificity");
        foreach ((string name, EditScores scores) in rows)
            table.Row(name, Cell(scores.Efficacy), Cell(scores.Generalisation), Cell(scores.Specificity));
        console.Line();
        table.Fit(console);
        console.Print(table);
    }

    private static string Cell(EditScore score) =>
        string.Create(CultureInfo.InvariantCulture, $"{Figures.WholePercent(score.Success)} {Figures.WholePercent(score.Score),4} {score.Magnitude,5:F2}");
}
