using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class LanguageModelTests : IDisposable
{
    private const string Prompt = "The capital of";

    private static readonly Gpt2Config Config = new() { VocabSize = TinyVocabulary.Vocabulary.Count, NPositions = 12, NEmbd = 8, NLayer = 2, NHead = 2 };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = new(Tiny.Model(Config), TinyVocabulary.Tokenizer);

    [Fact]
    public void Next_tokens_are_the_most_likely_with_their_probabilities()
    {
        Tensor probabilities = _model.Model.call(_model.Tokens(Prompt))[0, -1].softmax(-1);

        IReadOnlyList<NextToken> all = _model.NextTokens(Prompt, Config.VocabSize), best = _model.NextTokens(Prompt, 3);

        Assert.Equal(all.Take(3), best);
        Assert.Equal(probabilities.argmax().item<long>(), best[0].Id);
        Assert.Equal(probabilities[best[2].Id].item<float>(), best[2].Probability, 1e-6);
        Assert.Equal(1, all.Sum(token => token.Probability), 1e-9);
        Assert.All(best, token => Assert.Equal(_model.Tokenizer.TokenText(token.Id), token.Text));
    }

    [Fact]
    public void Tokens_are_a_batch_of_one()
    {
        Tensor tokens = _model.Tokens(Prompt);

        Assert.Equal(ScalarType.Int64, tokens.dtype);
        Assert.Equal([1, _model.Tokenizer.Encode(Prompt).Count], tokens.shape);
        Assert.Equal(_model.Tokenizer.Encode(Prompt), tokens.data<long>().Select(id => (int)id));
    }

    [Fact]
    public void Generation_appends_the_most_likely_token_each_time()
    {
        string text = _model.Generate("The", 4);

        List<int> ids = [.. _model.Tokenizer.Encode("The")];
        for (int i = 0; i < 4; i++)
            ids.Add((int)_model.Model.call(tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count]))[0, -1].argmax().item<long>());
        Assert.Equal(_model.Tokenizer.Decode(ids.Skip(ids.Count - 4)), text);
        Assert.Equal("", _model.Generate("The", 0));
    }

    [Fact]
    public void Generation_ends_where_the_model_reads_no_more()
    {
        int room = Config.NPositions - _model.Tokenizer.Encode("The").Count;

        Assert.Equal(_model.Generate("The", room), _model.Generate("The", 100));
    }

    [Fact]
    public void Generation_ends_at_the_end_of_text()
    {
        // A head that always says end of text.
        using (no_grad())
        {
            Tensor end = _model.Model.get_parameter("transformer.wte.weight")![_model.Tokenizer.EndOfTextId!.Value];
            end.mul_(100);
            _model.Model.get_parameter("transformer.ln_f.weight")!.zero_();
            _model.Model.get_parameter("transformer.ln_f.bias")!.copy_(end);
        }

        Assert.Equal("<|endoftext|>", _model.NextTokens("The", 1)[0].Text);
        Assert.Equal("", _model.Generate("The", 5));
    }

    [Fact]
    public void A_saved_model_comes_back()
    {
        using var folder = new TemporaryFolder();

        _model.SavePretrained(folder.Path);

        using var read = LanguageModel.FromPretrained(folder.Path);
        Assert.Equal(_model.NextTokens(Prompt), read.NextTokens(Prompt));
        Assert.Equal(["config.json", "merges.txt", "model.safetensors", "vocab.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_vocabulary_larger_than_the_tokenizers_is_allowed()
    {
        using var padded = new LanguageModel(Tiny.Model(Config with { VocabSize = Config.VocabSize + 5 }), TinyVocabulary.Tokenizer);

        IReadOnlyList<NextToken> all = padded.NextTokens(Prompt, Config.VocabSize + 5);

        Assert.Equal($"<{Config.VocabSize + 4}>", all.Single(token => token.Id == Config.VocabSize + 4).Text);
    }

    [Fact]
    public void A_vocabulary_smaller_than_the_tokenizers_is_refused()
    {
        Gpt2 small = Tiny.Model(Config with { VocabSize = 100 });

        ArgumentException e = Assert.Throws<ArgumentException>(() => new LanguageModel(small, TinyVocabulary.Tokenizer));

        Assert.Equal($"The tokenizer gives ids up to {Config.VocabSize - 1}, but the model's vocabulary ends at 99: they do not belong together.", e.Message);
        using var folder = new TemporaryFolder();
        small.SavePretrained(folder.Path);
        TinyVocabulary.Tokenizer.Save(folder.Path);
        Assert.Equal($"{folder.Path}: {e.Message}", Assert.Throws<CheckpointException>(() => LanguageModel.FromPretrained(folder.Path)).Message);
    }

    [Fact]
    public void Prompts_and_counts_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentException>(() => _model.NextTokens(""));
        Assert.Throws<ArgumentException>(() => _model.Generate(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.NextTokens("a", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.NextTokens("a", Config.VocabSize + 1));
        string prompt = new('\0', 13);
        Assert.Equal("The input has 13 tokens, this model reads at most 12 (n_positions): shorten it.", Assert.Throws<PromptException>(() => _model.NextTokens(prompt)).Message);
        Assert.Throws<PromptException>(() => _model.Generate(prompt));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
