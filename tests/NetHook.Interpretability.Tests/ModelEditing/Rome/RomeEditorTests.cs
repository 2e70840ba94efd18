using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RomeEditorTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly RunningSecondMoment _keys;
    private readonly RomeEditor _editor;

    public RomeEditorTests()
    {
        _keys = KeyStatistics.Collect(_model, 0, Editing.Text);
        _editor = new(_model, _keys, Editing.Options);
    }

    [Fact]
    public void Edited_model_says_the_target()
    {
        string prompt = Editing.Easy.Text;
        Assert.NotEqual(" capital", _model.Generate(prompt, 1));

        using RomeEdit edit = _editor.Find(Editing.Easy);
        edit.ApplyPermanentlyTo(_model.Model);

        Assert.Equal(" capital", _model.Generate(prompt, 1));
    }

    [Fact]
    public void Edited_layer_answers_the_mean_key_with_the_value()
    {
        using RomeEdit edit = _editor.Find(Editing.Request);

        // The mean of what the projection gets at the subject's last token, prompt by prompt.
        using var trace = new Trace(_model.Model, "transformer.h.0.mlp.c_proj", new() { RetainInput = true });
        string[] prompts = ["The capital of France is", "I've 12. The capital of France is", "They don't. The capital of France is"];
        Tensor key = stack([.. prompts.Select(prompt =>
        {
            _model.Model.call(_model.Tokens(prompt));
            return trace.Input[0, Speaking.Tokenizer.TokenRange(prompt, "France").End.Value - 1];
        })]).mean([0]);
        Assert.InRange(Parity.Distance(key.matmul(edit.Delta()), edit.ValueChange), 0, 1e-4);
        Assert.Equal(1, key.dot(edit.KeyDirection).item<float>(), 1e-4);

        // Of all changes that do so, this one changes the other keys of the statistic least.
        Tensor moment = _keys.SecondMoment() + (eye(48, dtype: ScalarType.Float64) * _keys.SecondMoment().diagonal().mean() * 1e-3);
        Tensor wide = edit.KeyDirection.to(ScalarType.Float64), back = moment.matmul(wide);
        Assert.Equal(1, nn.functional.cosine_similarity(back, key.to(ScalarType.Float64), 0).item<double>(), 1e-6);
    }

    [Fact]
    public void Search_starts_at_the_models_own_probability_and_ends_better()
    {
        using RomeEdit edit = _editor.Find(Editing.Request);

        RomeLoss first = edit.Losses[0], last = edit.Losses[^1];
        string[] prompts = ["The capital of France is", "I've 12. The capital of France is", "They don't. The capital of France is"];
        Tensor probabilities = stack([.. prompts.Select(prompt => Speaking.Logits(_model, prompt).softmax(-1)[Speaking.Tokenizer.Encode(" capital")[0]])]);
        Assert.Equal(-probabilities.log().mean().item<float>(), first.Target, 1e-4);
        Assert.Equal(probabilities.mean().item<float>(), first.TargetProbability, 1e-5);
        Assert.Equal((0, 0), (first.Drift, first.WeightDecay));
        Assert.True(last.Total < first.Total);
        Assert.True(last.TargetProbability > first.TargetProbability);
        Assert.True(last.Drift > 0);
        Assert.True(last.WeightDecay > 0);
    }

    [Fact]
    public void A_target_of_several_tokens_becomes_more_likely()
    {
        EditCase asked = new() { Request = Editing.Easy with { Target = " Rome" }, TrueAnswer = " capital" };
        Assert.True(Speaking.Tokenizer.Encode(" Rome").Count > 1);
        using LanguageModel before = Speaking.Model();

        using RomeEdit edit = _editor.Find(asked.Request);
        edit.ApplyPermanentlyTo(_model.Model);

        PromptOutcome outcome = EditEvaluation.Compare(before, _model, asked).Edited;
        Assert.InRange(edit.Losses[^1].TargetProbability, 2 * edit.Losses[0].TargetProbability, 1);
        Assert.InRange(outcome.TargetAfter, 2 * outcome.TargetBefore, 1);
    }

    [Fact]
    public void Search_ends_early_where_the_loss_is_small_enough()
    {
        using RomeEdit edit = new RomeEditor(_model, _keys, Editing.Options with { EnoughLoss = 1e9 }).Find(Editing.Request);

        Assert.Single(edit.Losses);
        Assert.Equal(0, edit.Delta().abs().max().item<float>());
    }

    [Fact]
    public void Change_is_no_larger_than_asked_for()
    {
        using var trace = new Trace(_model.Model, "transformer.h.0.mlp");
        RomeEditor editor = new(_model, _keys, Editing.Options with { Prefixes = [], ClampNorm = 0.01 });
        using RomeEdit edit = editor.Find(Editing.Request);

        _model.Model.call(_model.Tokens(Editing.Request.Text));
        double norm = trace.Output[0, Speaking.Tokenizer.TokenRange(Editing.Request.Text, "France").End.Value - 1].norm().item<float>();
        Assert.Equal(0.01 * norm, edit.ValueChange.norm().item<float>(), 1e-5);
    }

    [Fact]
    public void Same_settings_give_the_same_edit()
    {
        RomeOptions options = Editing.Options with { Prefixes = null, PrefixLengths = [3, 3, 5], Seed = 3 };

        RomeEditor first = new(_model, _keys, options), again = new(_model, _keys, options), other = new(_model, _keys, options with { Seed = 4 });
        using RomeEdit edit = first.Find(Editing.Request), same = again.Find(Editing.Request);

        Assert.Equal(3, first.Prefixes.Count);
        Assert.Equal(first.Prefixes, again.Prefixes);
        Assert.NotEqual(first.Prefixes, other.Prefixes);
        Assert.Equal(0, Parity.Distance(edit.Delta(), same.Delta()));
    }

    [Fact]
    public void Finding_an_edit_leaves_the_model_as_it_was()
    {
        Tensor before = Speaking.Logits(_model, Speaking.Prompt);

        using RomeEdit edit = _editor.Find(Editing.Request);

        Assert.Equal(0, Parity.Distance(Speaking.Logits(_model, Speaking.Prompt), before));
        Assert.Empty(_model.Model.ActiveTraces());
        Assert.All(_model.Model.parameters(), parameter => Assert.True(parameter.grad is null && parameter.requires_grad));
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        Reports reports = [];

        using RomeEdit edit = _editor.Find(Editing.Request, reports);

        Assert.Equal(reports.Order(), reports);
        Assert.Equal(1, reports[^1]);
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        Assert.Throws<OperationCanceledException>(() => _editor.Find(Editing.Request, cancellation: new(canceled: true)));
        Assert.Empty(_model.Model.ActiveTraces());
    }

    public void Dispose()
    {
        _keys.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }
}
