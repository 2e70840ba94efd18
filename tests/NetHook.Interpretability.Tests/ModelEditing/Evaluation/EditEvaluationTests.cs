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

    private static object Numbers(PromptOutcome outcome) => (
        outcome.SaidBefore, outcome.SaidAfter, outcome.SaysTarget, outcome.TargetBefore, outcome.TargetAfter, outcome.TrueBefore, outcome.TrueAfter);

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
        Assert.Equal(Numbers(first.Edited), Numbers(second.Edited));
        Assert.Equal(" capital", first.Edited.Target);
        Assert.Equal(Speaking.Tokenizer.Encode(" capital"), first.Edited.TargetIds);
        Assert.Equal(Speaking.Tokenizer.Encode(Editing.Easy.Text), first.Edited.PromptIds);
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

    [Fact]
    public void Answer_that_nobody_gives_is_what_the_model_says()
    {
        string said = _model.NextTokens(Editing.Easy.Text, 1)[0].Text, other = _model.NextTokens("The isle of Spain", 1)[0].Text;

        EditOutcome outcome = EditEvaluation.Compare(_model, _model, Case with { TrueAnswer = null, Neighbours = [new("The isle of Spain")] });

        Assert.Equal(said, outcome.Edited.TrueAnswer);
        Assert.All(outcome.Paraphrases, paraphrase => Assert.Equal(said, paraphrase.TrueAnswer));
        Assert.Equal(other, outcome.Neighbours[0].TrueAnswer);
        Assert.Equal(_model.NextTokens("The isle of Spain", 1)[0].Probability, outcome.Neighbours[0].TrueBefore, 1e-9);
    }

    [Fact]
    public void Answers_of_one_token_take_one_pass_of_each_model()
    {
        using var passes = new Trace(_model.Model, "");

        EditEvaluation.Compare(_model, _model, new() { Request = Editing.Easy, TrueAnswer = "a" });

        Assert.Equal(2, passes.CallCount);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
