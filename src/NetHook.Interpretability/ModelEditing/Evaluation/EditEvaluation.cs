namespace NetHook.Interpretability;

/// <summary>
/// Evaluates edits as Meng et al. 2022, section 3.3: does the edited prompt get the target (efficacy), do paraphrases
/// (generalisation), and do other subjects keep their answers (specificity).
/// </summary>
public static class EditEvaluation
{
    /// <summary>Makes each edit on a fresh copy of the model and asks before and after.</summary>
    /// <param name="model">The model, in evaluation mode. It stays as it is.</param>
    /// <param name="editor">An editor of this model.</param>
    /// <param name="cases">The edits.</param>
    /// <param name="progress">Gets the share of the edits that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>What came of each.</returns>
    /// <exception cref="PromptException">A case cannot be edited, as with <see cref="RomeEditor.Find"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static EditReport Run(
        LanguageModel model, RomeEditor editor, IReadOnlyList<EditCase> cases, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(editor);
        ArgumentNullException.ThrowIfNull(cases);
        List<EditOutcome> outcomes = [];
        foreach (EditCase asked in cases)
        {
            using RomeEdit edit = editor.Find(asked.Request, cancellation: cancellation);
            using var edited = new LanguageModel(model.Model.DeepCopy(), model.Tokenizer, model.Layout);
            edit.ApplyPermanentlyTo(edited.Model);
            outcomes.Add(Compare(model, edited, asked, cancellation));
            progress?.Report((double)outcomes.Count / cases.Count);
        }

        return new(outcomes);
    }

    /// <summary>Asks two models the prompts of a case: the one before the edit, and the one after.</summary>
    /// <param name="before">The model before.</param>
    /// <param name="after">The model after.</param>
    /// <param name="asked">The case.</param>
    /// <param name="cancellation">Ends the work, at the next block.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static EditOutcome Compare(LanguageModel before, LanguageModel after, EditCase asked, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(asked);
        string target = asked.Request.SpacedTarget;
        using IDisposable? stopBefore = before.Parts.StopOn(cancellation), stopAfter = after.Parts.StopOn(cancellation);
        PromptOutcome Ask(string prompt, string? answer) => Compare(before, after, prompt, target, answer);
        PromptOutcome edited = Ask(asked.Request.Text, asked.TrueAnswer);
        return new(
            asked,
            edited,
            [.. asked.Paraphrases.Select(prompt => Ask(prompt, edited.TrueAnswer))],
            [.. asked.Neighbours.Select(neighbour => Ask(neighbour.Prompt, neighbour.Answer))]);
    }

    private static PromptOutcome Compare(LanguageModel before, LanguageModel after, string prompt, string target, string? answer)
    {
        Tokenizer tokenizer = before.Tokenizer;
        IReadOnlyList<int> asked = tokenizer.Encode(prompt);
        PromptAnswers old = new(before, asked), edited = new(after, asked);
        IReadOnlyList<int> targetIds = tokenizer.EncodeContinuation(prompt, asked, target);
        IReadOnlyList<int> answerIds = answer is null ? [old.First] : tokenizer.EncodeContinuation(prompt, asked, answer);
        IReadOnlyList<int> saidAfter = edited.Say(Math.Max(answerIds.Count, targetIds.Count));
        return new()
        {
            Prompt = prompt,
            PromptIds = asked,
            Target = target,
            TargetIds = targetIds,
            TrueAnswer = answer ?? tokenizer.TextOf(old.First),
            TrueAnswerIds = answerIds,
            SaidBefore = tokenizer.DecodeContinuation(asked, old.Say(answerIds.Count)),
            SaidAfter = tokenizer.DecodeContinuation(asked, [.. saidAfter.Take(answerIds.Count)]),
            SaysTarget = saidAfter.Take(targetIds.Count).SequenceEqual(targetIds),
            TargetBefore = old.Probability(targetIds),
            TargetAfter = edited.Probability(targetIds),
            TrueBefore = old.Probability(answerIds),
            TrueAfter = edited.Probability(answerIds),
        };
    }
}
