using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class ActivationPatcherTests : IDisposable
{
    private const string Clean = "The capital of France is";
    private const string Counterfactual = "The capital of Germany is";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly ActivationPatcher _patcher;
    private readonly PatchOptions _answers;

    public ActivationPatcherTests()
    {
        _patcher = new(_model);
        _answers = new() { CleanAnswer = "a", CounterfactualAnswer = "b", CleanSubject = "France", CounterfactualSubject = "Germany" };
    }

    [Theory]
    [InlineData(StateKind.Hidden, 1)]
    [InlineData(StateKind.Mlp, 2)]
    [InlineData(StateKind.Attention, 1)]
    public void Each_number_is_that_of_a_run_with_the_states_put_in_by_hand(StateKind kind, int width)
    {
        ActivationPatch patch = _patcher.Patch(Clean, Counterfactual, _answers with { Kind = kind, Window = width });

        var window = LayerWindow.Of(_model.Layout, kind, width);
        string[] paths = RecordedStates.Paths(_model.Layout, kind);
        using var clean = new TraceDict(_model.Model, paths);
        double cleanDifference = Difference(Clean);
        Dictionary<string, Tensor> states = paths.ToDictionary(path => path, path => clean[path].Output);
        clean.Dispose();
        for (int t = 0; t < patch.Tokens.Count; t++)
        {
            for (int layer = 0; layer < 3; layer++)
            {
                (int from, int to) = window.Around(layer);
                PatchedToken token = patch.Tokens[t];
                using var edits = new TraceDict(_model.Model, paths[from..to], new()
                {
                    EditOutput = (Tensor output, string path) =>
                    {
                        output[0, token.CounterfactualPosition] = states[path][0, token.CleanPosition];
                        return output;
                    },
                });
                Assert.Equal(Difference(Counterfactual), patch.LogitDifferences[t, layer], 1e-4);
            }
        }

        Assert.Equal(cleanDifference, patch.CleanLogitDifference, 1e-4);
        Assert.Equal(Difference(Counterfactual), patch.CounterfactualLogitDifference, 1e-4);
    }

    [Fact]
    public void Normalized_is_0_for_the_counterfactual_run_and_1_for_the_clean_one()
    {
        ActivationPatch patch = _patcher.Patch("The capital of France is", "The isle of France is", new() { CleanAnswer = "a", CounterfactualAnswer = "b", CleanSubject = "capital", CounterfactualSubject = "isle" });
        StateGrid normalized = patch.Normalized();

        // The last token behind the last layer holds all of the answer; the first token is the same in both prompts.
        Assert.Equal(1, normalized[patch.Tokens.Count - 1, 2], 1e-4);
        Assert.All(Enumerable.Range(0, 3), layer => Assert.Equal(0, normalized[0, layer], 1e-4));
        Assert.NotEqual(0, normalized[1, 0], 1e-2);
        Assert.False(patch.Tokens[0].Differs);
        Assert.True(patch.Tokens[1].Differs);
    }

    [Fact]
    public void Answers_are_the_predictions_where_none_are_given()
    {
        string other = new[] { "The capital of Germany is", "don't 12", "I've Paris", "they'll naive" }.First(prompt => Prediction(prompt) != Prediction(Clean));

        ActivationPatch patch = _patcher.Patch(Clean, other, new() { CleanSubject = Clean, CounterfactualSubject = other });

        Assert.Equal(Speaking.Tokenizer.TokenText(Prediction(Clean)), patch.CleanAnswer);
        Assert.Equal(Speaking.Tokenizer.TokenText(Prediction(other)), patch.CounterfactualAnswer);
        Assert.True(patch.CleanLogitDifference > 0);
        Assert.True(patch.CounterfactualLogitDifference < 0);
    }

    [Fact]
    public void Prompts_of_one_length_need_no_subjects()
    {
        ActivationPatch patch = _patcher.Patch(Clean, Clean, _answers with { CleanSubject = null, CounterfactualSubject = null });

        Assert.Equal(Speaking.Tokenizer.Encode(Clean).Count, patch.Tokens.Count);
        Assert.All(patch.LogitDifferences.Values, value => Assert.Equal(patch.CleanLogitDifference, value, 1e-4));
    }

    [Fact]
    public void Subjects_of_different_lengths_are_aligned_at_their_last_tokens()
    {
        // "1234" is longer than "12" in tokens of this vocabulary.
        ActivationPatch patch = _patcher.Patch("The 12 is", "The 1234567 is", _answers with { CleanSubject = "12", CounterfactualSubject = "1234567" });

        int clean = Speaking.Tokenizer.Encode("The 12 is").Count, counterfactual = Speaking.Tokenizer.Encode("The 1234567 is").Count;
        Assert.True(counterfactual > clean);
        Assert.Equal(Enumerable.Range(0, clean), patch.Tokens.Select(token => token.CleanPosition));
        Assert.Equal(0, patch.Tokens[0].CounterfactualPosition);
        Assert.Equal(counterfactual - 1, patch.Tokens[^1].CounterfactualPosition);
        Assert.Equal(" is", patch.Tokens[^1].CounterfactualText);
    }

    [Fact]
    public void Prompts_that_cannot_be_compared_are_refused()
    {
        PatchOptions plain = _answers with { CleanSubject = null, CounterfactualSubject = null };
        Assert.Equal(
            "The clean prompt has 1 tokens and the counterfactual one 5. Choose prompts of the same number of tokens, or give both subjects to align them by.",
            Refusal("The", "The capital of France", plain));
        Assert.Equal("Only one of the two subjects is given. Prompts are aligned by both, or by none.", Refusal(Clean, Clean, plain with { CleanSubject = "France" }));
        Assert.Equal(
            "Around the subject the clean prompt has 4 tokens before and 1 behind, the counterfactual one 0 and 1. Choose prompts that differ in the subject only.",
            Refusal(Clean, "The is", plain with { CleanSubject = "France", CounterfactualSubject = "The" }));
        Assert.Equal("A prompt is empty. Give two prompts with different answers.", Refusal("", Clean, plain));
        Assert.Equal(
            "Both prompts have the answer \"a\": there is no logit difference. Choose prompts whose answers differ, or say which answers to compare.",
            Refusal(Clean, Clean, plain with { CounterfactualAnswer = "a" }));
        Assert.Equal(
            "The answer \"xy\" is 2 tokens (\"x\", \"y\"). Give the first, and mind the space before a word.",
            Refusal(Clean, Clean, plain with { CleanAnswer = "xy" }));
        Assert.Equal(
            "The window is the number of layers restored together, at least 1. (Parameter 'Window')\nActual value was 0.",
            Refusal(Clean, Clean, plain with { Window = 0 }));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private double Difference(string prompt)
    {
        Tensor logits = Speaking.Logits(_model, prompt);
        return (logits[Speaking.Tokenizer.Encode("a")[0]] - logits[Speaking.Tokenizer.Encode("b")[0]]).item<float>();
    }

    private int Prediction(string prompt) => (int)Speaking.Logits(_model, prompt).argmax().item<long>();

    private string Refusal(string clean, string counterfactual, PatchOptions options) =>
        Assert.ThrowsAny<ArgumentException>(() => _patcher.Patch(clean, counterfactual, options)).Message.ReplaceLineEndings("\n");
}
