namespace NetHook.Interpretability;

/// <summary>What many edits did, each to a fresh copy of a model.</summary>
/// <param name="Outcomes">The edits, one by one.</param>
public sealed record EditReport(IReadOnlyList<EditOutcome> Outcomes)
{
    /// <summary>Whether the edited prompts get the target: the paper's efficacy.</summary>
    public EditScore Efficacy => EditScore.Of(Outcomes.Select(edit => (IReadOnlyList<PromptOutcome>)[edit.Edited]), neighbours: false);

    /// <summary>Whether the same asked in other words gets the target: the paper's generalisation.</summary>
    public EditScore Paraphrase => EditScore.Of(Outcomes.Select(edit => edit.Paraphrases), neighbours: false);

    /// <summary>Whether other subjects are left alone: the paper's specificity.</summary>
    public EditScore Neighbourhood => EditScore.Of(Outcomes.Select(edit => edit.Neighbours), neighbours: true);
}
