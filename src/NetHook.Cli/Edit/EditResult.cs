using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook edit</c> did. The property names are those of its JSON.</summary>
/// <param name="Model">The folder of the model before the edit.</param>
/// <param name="Prompt">The prompt with a gap.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Target">What is to follow, as it was measured: with the space before it.</param>
/// <param name="Layer">The layer that was edited.</param>
/// <param name="Parameter">The parameter that was edited.</param>
/// <param name="Losses">The loss of each step of the search for the value.</param>
/// <param name="Edited">The edited prompt.</param>
/// <param name="Paraphrases">The same in other words.</param>
/// <param name="Neighbours">The same of other subjects.</param>
/// <param name="Efficacy">Whether the edited prompt gets the target: 1 or 0.</param>
/// <param name="Generalisation">The share of paraphrases that get the target, or null where there are none.</param>
/// <param name="Specificity">The share of neighbours that get the same answer as before, or null where there are none.</param>
/// <param name="Saved">The folder the edited model was saved to, or null.</param>
internal sealed record EditResult(
    string Model,
    string Prompt,
    string Subject,
    string Target,
    int Layer,
    string Parameter,
    IReadOnlyList<double> Losses,
    EditedPrompt Edited,
    IReadOnlyList<EditedPrompt> Paraphrases,
    IReadOnlyList<EditedPrompt> Neighbours,
    double Efficacy,
    double? Generalisation,
    double? Specificity,
    string? Saved)
{
    public static EditResult Of(string model, RomeEdit edit, EditOutcome outcome, string? saved)
    {
        var scores = new EditReport([outcome]);
        return new(
            model,
            edit.Request.Prompt,
            edit.Request.Subject,
            outcome.Edited.Target,
            edit.Layer,
            edit.Parameter,
            [.. edit.Losses.Select(loss => loss.Total)],
            EditedPrompt.Of(outcome.Edited),
            [.. outcome.Paraphrases.Select(EditedPrompt.Of)],
            [.. outcome.Neighbours.Select(EditedPrompt.Of)],
            scores.Efficacy.Success,
            outcome.Paraphrases.Count > 0 ? scores.Paraphrase.Success : null,
            outcome.Neighbours.Count > 0 ? scores.Neighbourhood.Success : null,
            saved);
    }
}

/// <summary>What the model says to a prompt before and after the edit, and the probability of the target.</summary>
internal sealed record EditedPrompt(string Prompt, string SaidBefore, string SaidAfter, bool SaysTarget, double TargetBefore, double TargetAfter, bool Unchanged)
{
    public static EditedPrompt Of(PromptOutcome outcome) => new(
        outcome.Prompt, outcome.SaidBefore, outcome.SaidAfter, outcome.SaysTarget, outcome.TargetBefore, outcome.TargetAfter, outcome.Unchanged);
}
