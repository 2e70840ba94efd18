using TorchSharp;
using static TorchSharp.torch;

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
    /// <exception cref="ArgumentException">A case cannot be edited: as with <see cref="RomeEditor.Find"/>.</exception>
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
            using var edited = new LanguageModel(model.Model.DeepCopy(), model.Tokenizer);
            edit.ApplyPermanentlyTo(edited.Model);
            outcomes.Add(Compare(model, edited, asked));
            progress?.Report((double)outcomes.Count / cases.Count);
        }

        return new(outcomes);
    }

    /// <summary>Asks two models the prompts of a case: the one before the edit, and the one after.</summary>
    /// <param name="before">The model before.</param>
    /// <param name="after">The model after.</param>
    /// <param name="asked">The case.</param>
    /// <returns>What came of it.</returns>
    public static EditOutcome Compare(LanguageModel before, LanguageModel after, EditCase asked)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(asked);
        string target = asked.Request.SpacedTarget;
        PromptOutcome Ask(string prompt, string answer) => Compare(before, after, prompt, target, answer);
        return new(
            asked,
            Ask(asked.Request.Text, asked.TrueAnswer),
            [.. asked.Paraphrases.Select(prompt => Ask(prompt, asked.TrueAnswer))],
            [.. asked.Neighbours.Select(neighbour => Ask(neighbour.Prompt, neighbour.Answer))]);
    }

    private static PromptOutcome Compare(LanguageModel before, LanguageModel after, string prompt, string target, string answer)
    {
        int tokens = before.Tokenizer.Encode(answer, addSpecialTokens: false).Count;
        return new()
        {
            Prompt = prompt,
            TrueAnswer = answer,
            SaidBefore = before.Generate(prompt, tokens),
            SaidAfter = after.Generate(prompt, tokens),
            SaysTarget = after.Generate(prompt, after.Tokenizer.Encode(target, addSpecialTokens: false).Count) == target,
            TargetBefore = Probability(before, prompt, target),
            TargetAfter = Probability(after, prompt, target),
            TrueBefore = Probability(before, prompt, answer),
            TrueAfter = Probability(after, prompt, answer),
        };
    }

    /// <summary>The probability of an answer, the geometric mean over its tokens.</summary>
    private static double Probability(LanguageModel model, string prompt, string answer)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<int> asked = model.Tokenizer.Encode(prompt), answered = model.Tokenizer.Encode(answer, addSpecialTokens: false);
        Tensor ids = tensor([.. asked.Concat(answered).Select(id => (long)id)], [1, asked.Count + answered.Count]).to(model.Model.Device);
        Tensor logits = model.Model.call(ids)[0].narrow(0, asked.Count - 1, answered.Count);
        Tensor each = logits.to(ScalarType.Float64).log_softmax(-1).gather(1, ids[0].narrow(0, asked.Count, answered.Count).unsqueeze(1));
        return Math.Exp(each.mean().item<double>());
    }
}
