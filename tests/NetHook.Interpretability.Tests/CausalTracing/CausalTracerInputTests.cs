using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class CausalTracerInputTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly CausalTracer _tracer;

    public CausalTracerInputTests() => _tracer = new(_model);

    [Theory]
    [InlineData("", "France", "The prompt is empty. Give one that holds the subject.")]
    [InlineData("The capital of France is", "Spain", "\"Spain\" is not in \"The capital of France is\".")]
    [InlineData("The capital of france is", "France", "\"France\" is not in \"The capital of france is\". Did you mean \"france\"?")]
    [InlineData("of France of", "of", "\"of\" is 2 times in \"of France of\", at characters 0, 10. Say which one: the first is occurrence 1.")]
    [InlineData(
        "The capital of France is Paris. The capital of Germany is Berlin. don't they'll I've 1234", "France",
        "The input has 29 tokens, this model reads at most 24 (n_positions): shorten it.")]
    public void A_prompt_that_cannot_be_traced_is_refused(string prompt, string subject, string message) =>
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => _tracer.Trace(prompt, subject)).Message);

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Equal("The window is the number of layers restored together, at least 1. (Parameter 'Window')\nActual value was 0.", Refusal(new() { Window = 0 }));
        Assert.Equal("Samples is the number of corrupted runs, at least 1. (Parameter 'Samples')\nActual value was 0.", Refusal(new() { Samples = 0 }));
        Assert.Equal("Noise is a number of standard deviations, 0 or more. (Parameter 'Noise')\nActual value was -1.", Refusal(new() { Noise = -1 }));
        Assert.Equal("Noise is a number of standard deviations, 0 or more. (Parameter 'Noise')\nActual value was NaN.", Refusal(new() { Noise = double.NaN }));
        Assert.Equal("This is none of the kinds of states: Hidden, Mlp, Attention. (Parameter 'Kind')\nActual value was 7.", Refusal(new() { Kind = (StateKind)7 }));
        Assert.Equal("Sever is Mlp or Attention, or null: a block is not severed, its MLP or attention is. (Parameter 'Sever')\nActual value was Hidden.", Refusal(new() { Sever = StateKind.Hidden }));
        Assert.Equal(
            "What is severed stays as in the corrupted run, and cannot be restored. Restore another kind of states, such as Hidden. (Parameter 'Sever')\nActual value was Mlp.",
            Refusal(new() { Kind = StateKind.Mlp, Sever = StateKind.Mlp }));
        Assert.Equal($"Answer is no id of the vocabulary, 0 to {Speaking.Config.VocabSize - 1}. (Parameter 'Answer')\nActual value was -1.", Refusal(new() { Answer = -1 }));
    }

    [Fact]
    public void Tokens_that_cannot_be_traced_are_refused()
    {
        Assert.Equal("The prompt has no tokens. Give one that holds the subject.", Refusal([], ..0, zeros(1, 1, 12)));
        Assert.Equal("The subject 1..1 of the 3 tokens is empty.", Refusal([1, 2, 3], 1..1, zeros(1, 1, 12)));
        Assert.Equal(
            "The noise is [2, 1, 12], expected [runs, 2, 12]: runs, the subject's tokens, width.",
            Refusal([1, 2, 3], 1..3, zeros(2, 1, 12)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _tracer.Trace([1, 2, 3], 1..4, zeros(1, 3, 12)));
    }

    [Fact]
    public void A_model_in_training_mode_is_refused()
    {
        _model.Model.train();

        Assert.Equal(
            "The model is in training mode, in which dropout changes every run. Call eval() first.",
            Assert.Throws<InvalidOperationException>(() => _tracer.Trace(Speaking.Prompt, Speaking.Subject)).Message);
    }

    [Fact]
    public void A_prompt_needs_a_tokenizer() =>
        Assert.Equal(
            "This tracer has no tokenizer. Make it with a LanguageModel, or trace token ids.",
            Assert.Throws<InvalidOperationException>(() => new CausalTracer(_model.Model, _model.Layout).Trace(Speaking.Prompt, Speaking.Subject)).Message);

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private string Refusal(CausalTraceOptions options) =>
        Assert.ThrowsAny<ArgumentException>(() => _tracer.Trace(Speaking.Prompt, Speaking.Subject, options)).Message.ReplaceLineEndings("\n");

    private string Refusal(int[] tokens, Range subject, Tensor noise) =>
        Assert.ThrowsAny<ArgumentException>(() => _tracer.Trace(tokens, subject, noise)).Message;
}
