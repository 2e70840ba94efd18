using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RomePrecisionTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void A_model_of_any_precision_says_the_target_after_the_edit(ScalarType dtype)
    {
        using LanguageModel model = Speaking.Model();
        model.Model.to(dtype);
        using RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text);
        Assert.NotEqual(" capital", model.Generate(Editing.Easy.Text, 1));

        using RomeEdit edit = new RomeEditor(model, keys, Editing.Options).Find(Editing.Easy);
        edit.ApplyPermanentlyTo(model.Model);

        Assert.All([edit.KeyDirection, edit.ValueChange, edit.Delta()], factor => Assert.Equal(ScalarType.Float32, factor.dtype));
        Assert.Equal(dtype, model.Model.GetParameter(edit.Parameter).dtype);
        Assert.Equal(" capital", model.Generate(Editing.Easy.Text, 1));
    }

    [Fact]
    public void Gradients_whose_squares_are_nothing_in_half_precision_are_followed()
    {
        using LanguageModel model = Speaking.Model();
        model.Model.to(ScalarType.Float16);
        using RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text);

        // Small logits have small gradients.
        using (no_grad())
            model.Model.GetParameter("transformer.ln_f.weight").mul_(0.05);

        using RomeEdit edit = new RomeEditor(model, keys, Editing.Options).Find(Editing.Request);

        Assert.True(edit.Delta().isfinite().all().item<bool>());
        Assert.All(edit.Losses, loss => Assert.True(double.IsFinite(loss.Total)));
        Assert.True(edit.Losses[^1].TargetProbability > edit.Losses[0].TargetProbability);
    }

    [Fact]
    public void A_search_that_ends_in_no_number_is_an_error()
    {
        using LanguageModel model = Speaking.Model();
        using RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text);
        Assert.Equal(
            "The search for the value ended in numbers that are not finite, though the model's own are: lower LearningRate or ClampNorm.",
            Assert.Throws<NonFiniteException>(() => new RomeEditor(model, keys, Editing.Options with { LearningRate = 1e300 }).Find(Editing.Request)).Message);
    }

    [Fact]
    public void A_model_that_gives_no_number_is_an_error()
    {
        using LanguageModel model = Speaking.Model();
        using RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text);
        using (no_grad())
            model.Model.GetParameter("transformer.ln_f.bias").fill_(float.NaN);

        Assert.Equal(
            "The output of Gpt2 is not finite. It begins at layer 'transformer.ln_f' (LayerNorm), whose output holds NaN, as does its parameter bias.",
            Assert.Throws<NonFiniteException>(() => new RomeEditor(model, keys, Editing.Options).Find(Editing.Request)).Message);
    }

    public void Dispose() => _scope.Dispose();
}
