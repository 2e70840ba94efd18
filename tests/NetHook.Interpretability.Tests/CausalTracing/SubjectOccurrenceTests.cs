using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class SubjectOccurrenceTests : IDisposable
{
    private const string Twice = "France is of France is";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 13)]
    public void Occurrence_that_was_chosen_is_corrupted(int occurrence, int start)
    {
        CausalTrace trace = new CausalTracer(_model).Trace(Twice, "France", new() { Occurrence = occurrence });

        Assert.Equal(_model.Tokenizer.TokenRange(Twice, start..(start + 6)), trace.Subject);
        Assert.Equal(Twice, trace.Prompt);
    }

    [Fact]
    public void Occurrences_that_were_chosen_align_prompts()
    {
        ActivationPatch patch = new ActivationPatcher(_model).Patch(Twice, "France is of Germany is", new()
        {
            CleanSubject = "France",
            CleanOccurrence = 2,
            CounterfactualSubject = "Germany",
            CleanAnswer = "a",
            CounterfactualAnswer = "b",
        });

        Assert.Equal(_model.Tokenizer.TokenRange(Twice, 13..19).Start.Value, patch.Tokens.First(token => token.Differs).CleanPosition);
    }

    [Fact]
    public void Subject_that_begins_the_prompt_may_have_a_small_letter()
    {
        CausalTrace trace = new CausalTracer(_model).Trace("The isle of France is", "the isle");

        Assert.Equal("The isle", string.Concat(trace.Tokens.Take(trace.Subject)));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
