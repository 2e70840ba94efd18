using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class EditEvaluationTests : IDisposable
{
    private static readonly EditCase Case = new()
    {
        Request = Editing.Easy,
        TrueAnswer = " Paris",
        Paraphrases = ["France is", "They don't like France"],
        Neighbours = [new("The capital of Spain is", " a"), new("The isle is", " Paris")],
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    [Fact]
    public void Each_edit_is_asked_before_and_after_on_a_copy()
    {
        using RunningSecondMoment keys = KeyStatistics.Collect(_model, 0, Editing.Text);
        var editor = new RomeEditor(_model, keys, Editing.Options);
        Tensor before = Speaking.Logits(_model, Editing.Easy.Text);

        EditReport report = EditEvaluation.Run(_model, editor, [Case, Case]);

        Assert.Equal(0, Parity.Distance(Speaking.Logits(_model, Editing.Easy.Text), before));
        Assert.Equal(2, report.Outcomes.Count);
        Assert.Equal((2, 4, 4), (report.Efficacy.Prompts, report.Paraphrase.Prompts, report.Neighbourhood.Prompts));
        EditOutcome first = report.Outcomes[0], second = report.Outcomes[1];
        Assert.Equal(first.Edited, second.Edited);
        using RomeEdit edit = editor.Find(Editing.Easy);
        edit.ApplyPermanentlyTo(_model.Model);
        Assert.Equal(_model.Generate(Editing.Easy.Text, Speaking.Tokenizer.Encode(" Paris").Count), first.Edited.SaidAfter);
        Assert.True(first.Edited.SaysTarget);
        Assert.Equal(1, report.Efficacy.Success);
    }

    [Fact]
    public void Probability_is_the_geometric_mean_over_the_answers_tokens()
    {
        PromptOutcome outcome = EditEvaluation.Compare(_model, _model, Case).Edited;

        int[] answer = [.. Speaking.Tokenizer.Encode(" Paris")];
        double product = 1;
        for (int i = 0; i < answer.Length; i++)
        {
            long[] ids = [.. Speaking.Tokenizer.Encode(Editing.Easy.Text).Concat(answer.Take(i)).Select(id => (long)id)];
            product *= _model.Model.call(tensor(ids).unsqueeze(0))[0, -1].softmax(-1)[answer[i]].item<float>();
        }

        Assert.True(answer.Length > 1);
        Assert.Equal(Math.Pow(product, 1.0 / answer.Length), outcome.TrueBefore, 1e-6);
        Assert.Equal(outcome.TrueBefore, outcome.TrueAfter);
        Assert.Equal(outcome.TargetBefore, outcome.TargetAfter);
        Assert.True(outcome.Unchanged);
        Assert.False(outcome.SaysTarget);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
