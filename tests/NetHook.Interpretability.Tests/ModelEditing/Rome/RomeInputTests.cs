using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RomeInputTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly RunningSecondMoment _keys;

    public RomeInputTests() => _keys = KeyStatistics.Collect(_model, 0, Editing.Text);

    [Theory]
    [InlineData("The capital of France is", "France", " Rome", "\"The capital of France is\" does not have {}, where the subject belongs, exactly once.")]
    [InlineData("{} and {}", "France", " Rome", "\"{} and {}\" does not have {}, where the subject belongs, exactly once.")]
    [InlineData("The capital of {} is", " ", " Rome", "The subject is empty. Say of what the fact is.")]
    [InlineData("The capital of {} is", "France", "", "The target is empty. Say what is to follow the prompt.")]
    [InlineData("The capital of {} is", "France", " ", "The target is empty. Say what is to follow the prompt.")]
    public void A_fact_that_says_nothing_is_refused(string prompt, string subject, string target, string message) =>
        Assert.Equal(message, Assert.Throws<PromptException>(() => new RomeEditor(_model, _keys, Editing.Options).Find(new(prompt, subject, target))).Message);

    [Fact]
    public void A_prefix_may_hold_braces_and_a_prompt_is_blamed_for_its_own_alone()
    {
        RomeEditor editor = new(_model, _keys, Editing.Options with { Prefixes = ["A {} b."] }), plain = new(_model, _keys, Editing.Options with { Prefixes = [] });

        using RomeEdit edit = editor.Find(Editing.Request), other = plain.Find(Editing.Request);

        // The prefix counts: the mean key is another one.
        Assert.NotEqual(0, Parity.Distance(edit.KeyDirection, other.KeyDirection));
        Assert.Equal(
            "\"The capital of France is\" does not have {}, where the subject belongs, exactly once.",
            Assert.Throws<PromptException>(() => editor.Find(Editing.Request with { Prompt = "The capital of France is" })).Message);
    }

    [Fact]
    public void A_prompt_longer_than_the_model_reads_is_refused() =>
        Assert.Equal(
            "The input has 30 tokens, this model reads at most 24 (n_positions): shorten it.",
            Assert.Throws<PromptException>(() => new RomeEditor(_model, _keys, Editing.Options).Find(new("xxxxxxxxxxxxxxxxxxxx {}", "x", "x"))).Message);

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Equal("Layer is expected to be a layer of the model, 0 to 2. (Parameter 'Layer')\nActual value was 3.", Refusal(Editing.Options with { Layer = 3 }));
        Assert.Equal("Steps is expected to be at least 1. (Parameter 'Steps')\nActual value was 0.", Refusal(Editing.Options with { Steps = 0 }));
        Assert.Equal("LearningRate is expected to be more than 0. (Parameter 'LearningRate')\nActual value was 0.", Refusal(Editing.Options with { LearningRate = 0 }));
        Assert.Equal("ClampNorm is expected to be more than 0. (Parameter 'ClampNorm')\nActual value was NaN.", Refusal(Editing.Options with { ClampNorm = double.NaN }));
        Assert.Equal("Ridge is expected to be 0 or more. (Parameter 'Ridge')\nActual value was -1.", Refusal(Editing.Options with { Ridge = -1 }));
    }

    [Fact]
    public void A_statistic_that_does_not_fit_is_refused()
    {
        using var few = new RunningSecondMoment();
        few.Add(rand(47, 48));
        using var narrow = new RunningSecondMoment();
        narrow.Add(rand(100, 12));

        Assert.Equal(
            "The statistic has 47 samples of 48 features, too few to be inverted. Collect it over more text, or set Ridge.",
            Assert.Throws<KeyStatisticsException>(() => new RomeEditor(_model, few, Editing.Options with { Ridge = 0 })).Message);
        Assert.Equal(
            "The statistic has 12 features, the keys of layer 0 have 48. Collect it at transformer.h.0.mlp.act.",
            Assert.Throws<KeyStatisticsException>(() => new RomeEditor(_model, narrow, Editing.Options)).Message);
    }

    [Fact]
    public void A_singular_statistic_is_refused()
    {
        using var singular = new RunningSecondMoment();
        singular.Add(zeros(100, 48));

        Assert.Equal(
            "The second moment of the keys cannot be inverted. Collect it over more text, or set Ridge.",
            Assert.Throws<KeyStatisticsException>(() => new RomeEditor(_model, singular, Editing.Options with { Ridge = 0 }).Find(Editing.Request)).Message);
    }

    [Fact]
    public void A_model_in_training_mode_is_refused()
    {
        _model.Model.train();

        Assert.Throws<InvalidOperationException>(() => new RomeEditor(_model, _keys, Editing.Options));
        Assert.Throws<InvalidOperationException>(() => KeyStatistics.Collect(_model, 1, "x"));
    }

    public void Dispose()
    {
        _keys.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }

    private string Refusal(RomeOptions options) =>
        Assert.Throws<OptionException>(() => new RomeEditor(_model, _keys, options)).Message.ReplaceLineEndings("\n");
}
