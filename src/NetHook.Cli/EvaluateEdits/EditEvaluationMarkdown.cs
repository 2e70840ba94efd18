using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>An <see cref="EditEvaluationReport"/> as a page in Markdown.</summary>
internal static partial class EditEvaluationMarkdown
{
    public static void Save(string path, EditEvaluationReport report) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Text(report))));

    private static string Text(EditEvaluationReport report)
    {
        LayerEvaluation first = report.Layers[0];
        string layers = string.Concat(report.Layers.Select(layer => $" --layer {layer.Layer}"));
        string[] lines =
        [
            $"# {report.Edits} edits of {ModelOption.NameOf(report.Model)}",
            "",
            "Written by",
            "",
            "```sh",
            $"nethook evaluate-edits --edits {report.Edits} --seed {report.Seed}{layers}{Model(report.Model)} --out FILE.md",
            "```",
            "",
            .. Interruption(report),
            "Each edit is made by ROME (Meng et al. 2022, section 3) on a fresh copy of the model, which is to give another answer to a",
            $"fact that it was taught; the search for the value has at most {report.Steps} steps. Asked are the edited prompt (efficacy), the same",
            "fact in its five other phrasings (generalisation), and the same phrasing with ten other subjects, the neighbours (specificity).",
            "",
            "- Success is the share of prompts where what the model says is the target, or for neighbours what it said before.",
            "- Score is the paper's ES, PS, NS: the share where the target is likelier than the true answer, or for neighbours less likely.",
            "- Magnitude is the paper's EM, PM, NM: the difference of the two probabilities.",
            "",
            "## By layer",
            "",
            .. Table("layer", report.Layers.Select(layer => ($"{layer.Layer}", layer.All))),
            "",
            $"## By relation, layer {first.Layer}",
            "",
            .. Table("relation", first.Relations.Select(scores => (scores.Relation, scores))),
            "",
            $"## What fell short, layer {first.Layer}",
            "",
            "| prompt | should be followed by | is followed by | edit |",
            "|---|---|---|---|",
            .. first.Shortfalls.Select(miss => $"| {miss.Kind}: {Text(miss.Prompt)} | {Text(miss.Expected)} | {Text(miss.Said)} | {Text(miss.Edit)} |"),
        ];
        return string.Join('\n', lines) + "\n";
    }

    private static string Model(string folder) => folder == BundledModel.Folder ? "" : $" --model \"{folder}\"";

    // What a model says may be anything: it is not to end a cell or a line, or to be taken for Markdown.
    private static string Text(string text) => Markup().Replace(Tokens.Quote(text.Trim())[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal), @"\$0");

    private static string[] Interruption(EditEvaluationReport report) => report.Complete ? [] :
    [
        $"**It was interrupted:** this is of the {Figures.Count(report.Layers.Sum(layer => layer.All.Edits), "edit")} that were finished.",
        "",
    ];

    private static IEnumerable<string> Table(string heading, IEnumerable<(string Name, EditScores Scores)> rows) =>
    [
        $"| {heading} | edits | efficacy: success | score | magnitude | generalisation: success | score | magnitude | specificity: success | score | magnitude |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        .. rows.Select(row => $"| {row.Name} | {row.Scores.Edits} | {Cells(row.Scores.Efficacy)} | {Cells(row.Scores.Generalisation)} | {Cells(row.Scores.Specificity)} |"),
    ];

    private static string Cells(EditScore score) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * score.Success:F1} % | {100 * score.Score:F1} % | {score.Magnitude:F2}");

    [GeneratedRegex(@"[\\|*_`<\[]")]
    private static partial Regex Markup();
}
