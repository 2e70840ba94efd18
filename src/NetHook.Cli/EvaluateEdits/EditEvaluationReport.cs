using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook evaluate-edits</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The folder of the model.</param>
/// <param name="Edits">How many edits were asked for at each layer.</param>
/// <param name="Seed">The seed by which they were drawn.</param>
/// <param name="Steps">The most steps of the search for a value.</param>
/// <param name="Complete">Whether they were all made; false where the work was interrupted.</param>
/// <param name="Layers">The scores of each layer.</param>
/// <param name="Saved">The file that the report was saved to, or null.</param>
internal sealed record EditEvaluationReport(string Model, int Edits, long Seed, int Steps, bool Complete, IReadOnlyList<LayerEvaluation> Layers, string? Saved);

/// <summary>The scores of edits of one layer.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="All">The scores of all edits.</param>
/// <param name="Relations">Those of the edits of each relation.</param>
/// <param name="Shortfalls">The prompts that did not come out as they should.</param>
internal sealed record LayerEvaluation(int Layer, EditScores All, IReadOnlyList<EditScores> Relations, IReadOnlyList<Shortfall> Shortfalls)
{
    public static LayerEvaluation Of(int layer, EditReport report, FactBook book) => new(
        layer,
        EditScores.Of("all", report.Outcomes),
        [
            .. report.Outcomes.GroupBy(outcome => FactEdits.FactOf(book, outcome.Case.Request)!.Relation)
                .Select(group => EditScores.Of(group.Key, group)),
        ],
        [.. report.Outcomes.SelectMany(Shortfall.Of)]);
}

/// <summary>The scores of some edits.</summary>
/// <param name="Relation">Which edits: those of a relation, or "all".</param>
/// <param name="Edits">How many.</param>
/// <param name="Efficacy">Of the edited prompts.</param>
/// <param name="Generalisation">Of the same in other words.</param>
/// <param name="Specificity">Of the same of other subjects.</param>
internal sealed record EditScores(string Relation, int Edits, EditScore Efficacy, EditScore Generalisation, EditScore Specificity)
{
    public static EditScores Of(string relation, IEnumerable<EditOutcome> outcomes)
    {
        var report = new EditReport([.. outcomes]);
        return new(relation, report.Outcomes.Count, report.Efficacy, report.Paraphrase, report.Neighbourhood);
    }
}

/// <summary>A prompt that did not come out as it should.</summary>
/// <param name="Kind">What kind of prompt: edited, paraphrase or neighbour.</param>
/// <param name="Edit">The edited prompt and its target.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Expected">What the model should say.</param>
/// <param name="Said">What it says.</param>
internal sealed record Shortfall(string Kind, string Edit, string Prompt, string Expected, string Said)
{
    public static IEnumerable<Shortfall> Of(EditOutcome outcome)
    {
        string target = outcome.Edited.Target, edit = outcome.Edited.Prompt + target;
        return
        [
            .. Missed("edited", [outcome.Edited]),
            .. Missed("paraphrase", outcome.Paraphrases),
            .. outcome.Neighbours.Where(prompt => !prompt.Unchanged)
                .Select(prompt => new Shortfall("neighbour", edit, prompt.Prompt, prompt.SaidBefore, prompt.SaidAfter)),
        ];

        IEnumerable<Shortfall> Missed(string kind, IEnumerable<PromptOutcome> prompts) =>
            prompts.Where(prompt => !prompt.SaysTarget).Select(prompt => new Shortfall(kind, edit, prompt.Prompt, target, prompt.SaidAfter));
    }
}
