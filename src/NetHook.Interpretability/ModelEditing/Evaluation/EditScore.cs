namespace NetHook.Interpretability;

/// <summary>How prompts of one kind came out, over many edits: each number is a mean over the prompts of an edit, then over the edits.</summary>
/// <param name="Prompts">The number of prompts.</param>
/// <param name="Success">The share, 0 to 1, at which the model says what it should: for edited prompts and paraphrases the target,
/// for neighbours what it said before the edit.</param>
/// <param name="Score">The paper's ES, PS and NS: the share, 0 to 1, at which the answer that should be is more likely than the other.
/// That is the target for edited prompts and paraphrases, and the true answer for neighbours.</param>
/// <param name="Magnitude">The paper's EM, PM and NM: by how much it is more likely, in probability.</param>
public sealed record EditScore(int Prompts, double Success, double Score, double Magnitude)
{
    internal static EditScore Of(IEnumerable<IReadOnlyList<PromptOutcome>> edits, bool neighbours)
    {
        IReadOnlyList<PromptOutcome>[] asked = [.. edits.Where(prompts => prompts.Count > 0)];
        double Mean(Func<PromptOutcome, double> value) => asked.Length == 0 ? double.NaN : asked.Average(prompts => prompts.Average(value));
        return new(
            asked.Sum(prompts => prompts.Count),
            Mean(prompt => (neighbours ? prompt.Unchanged : prompt.SaysTarget) ? 1 : 0),
            Mean(prompt => prompt.PrefersTarget != neighbours ? 1 : 0),
            Mean(prompt => (prompt.TargetAfter - prompt.TrueAfter) * (neighbours ? -1 : 1)));
    }
}
