using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class LogitLensTests : IDisposable
{
    private const string Prompt = "The capital of";

    private static readonly Gpt2Config Config = Tiny.Config with { VocabSize = TinyVocabulary.Vocabulary.Count, NPositions = 12, NLayer = 3, InitializerRange = 0.5 };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = new(Tiny.Model(Config), TinyVocabulary.Tokenizer);

    [Fact]
    public void Rows_are_the_embeddings_and_each_block_columns_the_tokens()
    {
        var lens = LogitLens.Run(_model, Prompt);

        Assert.Equal(["embeddings", "transformer.h.0", "transformer.h.1", "transformer.h.2"], lens.Layers);
        Assert.Equal(Prompt, lens.Prompt);
        Assert.Equal(_model.Tokenizer.Encode(Prompt), lens.TokenIds);
        Assert.Equal(Prompt, string.Concat(lens.Tokens));
        Assert.Equal(_model.Tokenizer.Encode(Prompt).Count, lens.Tokens.Count);
    }

    [Fact]
    public void Last_layer_predicts_what_the_model_predicts()
    {
        var lens = LogitLens.Run(_model, Prompt, 4);

        IReadOnlyList<NextToken> expected = _model.NextTokens(Prompt, 4), actual = lens[3, lens.Tokens.Count - 1];
        Assert.Equal(expected.Select(token => token.Text), actual.Select(token => token.Text));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-6));
    }

    [Fact]
    public void A_layer_predicts_what_a_model_that_ends_there_would()
    {
        var lens = LogitLens.Run(_model, Prompt, 3);
        using var first = new LanguageModel(new Gpt2(Config with { NLayer = 1 }), _model.Tokenizer);
        first.Model.eval();
        first.Model.load_state_dict(_model.Model.state_dict(), strict: false);

        IReadOnlyList<NextToken> expected = first.NextTokens("The capital", 3), actual = lens[1, _model.Tokenizer.Encode("The capital").Count - 1];

        Assert.Equal(expected.Select(token => token.Id), actual.Select(token => token.Id));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-6));
    }

    [Fact]
    public void Edits_of_a_block_act_and_traces_of_the_head_see_the_pass_alone()
    {
        var before = LogitLens.Run(_model, Prompt, 2);
        using var edit = new Trace(_model.Model, "transformer.h.1", new() { EditOutput = (Tensor output) => output * 0 });
        using var head = new Trace(_model.Model, "lm_head");

        var after = LogitLens.Run(_model, Prompt, 2);

        Assert.Equal(before[1, 0], after[1, 0]);
        Assert.NotEqual(before[2, 0], after[2, 0]);
        Assert.Equal(1, head.CallCount);
    }

    [Fact]
    public void Passes_of_other_threads_are_neither_stopped_nor_read()
    {
        var before = LogitLens.Run(_model, Prompt);
        Exception? thrown = null;
        long? logits = null;
        bool begun = false;
        using var meanwhile = new Trace(_model.Model, "transformer.h.0", new()
        {
            EditOutput = (Tensor output) =>
            {
                if (begun)
                    return output;
                begun = true;
                var other = new Thread(() =>
                {
                    try
                    {
                        using DisposeScope scope = NewDisposeScope();
                        logits = _model.Model.call(_model.Tokens("is")).shape[2];
                    }
                    catch (Exception e)
                    {
                        thrown = e;
                    }
                });

                // Another request is no part of this flow.
                other.UnsafeStart();
                other.Join();
                return output;
            },
        });

        var lens = LogitLens.Run(_model, Prompt);

        Assert.Null(thrown);
        Assert.Equal(_model.VocabularySize, logits);
        for (int layer = 0; layer < lens.Layers.Count; layer++)
            Assert.Equal(before[layer, 1], lens[layer, 1]);
    }

    [Fact]
    public void Prompts_and_counts_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentException>(() => LogitLens.Run(_model, ""));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitLens.Run(_model, "a", 0));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
