using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>What cannot be generated is refused before anything is computed.</summary>
public sealed class GenerationInputTests
{
    public static TheoryData<string, GenerationOptions> Options => new()
    {
        { "Temperature is 0, for the most likely token, or more.", new() { Temperature = -0.1 } },
        { "Temperature is 0, for the most likely token, or more.", new() { Temperature = double.NaN } },
        { "Temperature is 0, for the most likely token, or more.", new() { Temperature = double.PositiveInfinity } },
        { "TopK is at least 1. Leave it out to draw from all tokens.", new() { TopK = 0 } },
        { "TopP is over 0 and at most 1. Leave it out to draw from all tokens.", new() { TopP = 0 } },
        { "TopP is over 0 and at most 1. Leave it out to draw from all tokens.", new() { TopP = 1.01 } },
        { "TopP is over 0 and at most 1. Leave it out to draw from all tokens.", new() { TopP = double.NaN } },
        { "StopTokens has 999, which is outside the vocabulary, 0 to ", new() { StopTokens = [1, 999] } },
        { "StopTokens has -1, which is outside the vocabulary, 0 to ", new() { StopTokens = [-1] } },
        { "StopStrings has an empty text, which would end every text at once.", new() { StopStrings = ["a", ""] } },
        { "StopStrings has a text that is not Unicode, at number 1", new() { StopStrings = ["a", "\ud800"] } },
        { "Alternatives", new() { Alternatives = -1 } },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Options_out_of_range_are_refused(string message, GenerationOptions options) =>
        NothingRuns<ArgumentException>(message, model => model.Generate("The", 3, options), model => model.GenerateStream("The", 3, options));

    [Fact]
    public void Prompts_that_cannot_be_read_are_refused()
    {
        string tooLong = string.Concat(Enumerable.Repeat("The capital of France is", 9));
        NothingRuns<ArgumentException>("empty", model => model.Generate(""), model => model.GenerateStream(""));
        NothingRuns<ArgumentNullException>("prompt", model => model.Generate((string)null!), model => model.GenerateStream((string)null!));
        NothingRuns<ArgumentException>("not Unicode: character 1", model => model.Generate("a\ud800"), model => model.GenerateStream("a\ud800"));
        NothingRuns<ArgumentException>("Prompt 1: The text is not Unicode", model => model.Generate(["a", "\ud800"]), model => model.GenerateStream(["a", "\ud800"]));
        NothingRuns<ArgumentException>("Prompt 1 is empty", model => model.Generate(["a", ""]), model => model.GenerateStream(["a", ""]));
        NothingRuns<ArgumentException>("at most 24 (n_positions)", model => model.Generate(tooLong), model => model.GenerateStream(["a", tooLong]));
        NothingRuns<ArgumentOutOfRangeException>("maxTokens", model => model.Generate("a", -1), model => model.GenerateStream("a", -1));
    }

    [Fact]
    public void Tokens_that_cannot_be_read_are_refused()
    {
        NothingRuns<ArgumentException>("no tokens", model => Decoder(model).Generate([], 3));
        NothingRuns<ArgumentException>("Row 1 of the batch has no tokens", model => Decoder(model).Generate(TokenBatch.Of([[1], []]), 3));
        NothingRuns<ArgumentException>("Token id 4000 is outside", model => Decoder(model).Generate([1, 4000], 3));
        NothingRuns<ArgumentException>("has 25 tokens", model => Decoder(model).Generate([.. Enumerable.Repeat(1, 25)], 0));
        NothingRuns<ArgumentException>("a model alone has no tokenizer", model => Decoder(model).Generate([1], 3, new() { StopStrings = ["a"] }));
    }

    [Fact]
    public void A_text_ends_where_the_model_reads_no_more()
    {
        using Gpt2 model = Tiny.Model();
        int[] full = [1, 2, 3, 4, 5, 6, 7, 8];

        foreach (bool cache in new[] { true, false })
        {
            Assert.Equal(5, model.Generate(full[..3], 100, new() { Cache = cache }).Count);
            Assert.Equal([5, 2], model.Generate(TokenBatch.Of([full[..3], full[..6]]), 100, new() { Cache = cache }).Select(row => row.Count));
            Assert.Single(model.Generate(full, 100, new() { Cache = cache }));
        }
    }

    [Fact]
    public void A_cache_that_is_full_takes_no_more()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        using var cache = new KeyValueCache();
        model.ForwardWith(cache, ones([1, 7], ScalarType.Int64));
        using var trace = new Trace(model, "transformer.wte");

        Assert.Equal(
            "The input has 9 tokens, this model reads at most 8 (n_positions): shorten it.",
            Assert.Throws<ArgumentException>(() => model.ForwardWith(cache, ones([1, 2], ScalarType.Int64))).Message);
        Assert.Equal((0, 7), (trace.CallCount, cache.Tokens));
    }

    private static DecoderModel Decoder(LanguageModel model) => (DecoderModel)model.Model;

    private static void NothingRuns<T>(string message, params Func<LanguageModel, object>[] generations)
        where T : ArgumentException
    {
        using LanguageModel model = Speaking.Model();
        using var trace = new Trace(model.Model, "transformer.wte");
        foreach (Func<LanguageModel, object> generate in generations)
            Assert.Contains(message, Assert.ThrowsAny<T>(() => generate(model)).Message);
        Assert.Equal(0, trace.CallCount);
    }
}
