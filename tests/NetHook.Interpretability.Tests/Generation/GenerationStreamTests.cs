using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class GenerationStreamTests : IDisposable
{
    private const string Prompt = Speaking.Prompt;

    private readonly LanguageModel _model = Speaking.Model();

    [Fact]
    public async Task Tokens_come_with_text_probability_and_alternatives()
    {
        List<GeneratedToken> tokens = await All(_model.GenerateStream(Prompt, 8, new() { Alternatives = 3, StopTokens = [] }));
        List<int> ids = [.. _model.Tokenizer.Encode(Prompt)];

        Assert.Equal(_model.Generate(Prompt, 8, new() { StopTokens = [] }), string.Concat(tokens.Select(token => token.Text)));
        foreach (GeneratedToken token in tokens)
        {
            IReadOnlyList<NextToken> expected = _model.NextTokens(ids, 3);
            Assert.Equal(expected.Select(next => next.Id), token.Alternatives.Select(next => next.Id));
            Assert.Equal(expected[0].Probability, token.Probability, 1e-5);
            Assert.Equal((expected[0].Id, 0), (token.Id, token.Row));
            ids.Add(token.Id);
        }
    }

    [Fact]
    public async Task The_probability_is_the_models_whatever_the_temperature()
    {
        GeneratedToken token = (await All(_model.GenerateStream(Prompt, 1, new() { Temperature = 5, Seed = 4, Alternatives = _model.VocabularySize, StopTokens = [] })))[0];

        Assert.Equal(token.Alternatives.Single(next => next.Id == token.Id).Probability, token.Probability, 1e-9);
        Assert.NotEqual(token.Alternatives[0].Id, token.Id);
    }

    [Fact]
    public async Task Rows_of_several_prompts_are_what_each_gives_alone()
    {
        string[] prompts = [Prompt, "The", "a capital"];
        GenerationOptions options = new() { StopTokens = [] };
        List<GeneratedToken> tokens = await All(_model.GenerateStream(prompts, 7, options));

        string[] texts = [.. prompts.Select((_, row) => string.Concat(tokens.Where(token => token.Row == row).Select(token => token.Text)))];
        Assert.Equal(prompts.Select(prompt => _model.Generate(prompt, 7, options)), texts);
        Assert.Equal(texts, _model.Generate(prompts, 7, options));
    }

    [Fact]
    public async Task A_stop_string_ends_the_text_before_it()
    {
        GenerationOptions options = new() { StopTokens = [] };
        string[] texts = [.. Enumerable.Range(0, 11).Select(count => _model.Generate(Prompt, count, options))];
        string text = texts[^1];
        for (int start = 1; start + 3 < text.Length; start++)
        {
            string stop = text.Substring(start, 3);
            string expected = text[..text.IndexOf(stop, StringComparison.Ordinal)];
            List<GeneratedToken> tokens = await All(_model.GenerateStream(Prompt, 10, options with { StopStrings = ["never said", stop] }));

            Assert.Equal(expected, string.Concat(tokens.Select(token => token.Text)));
            Assert.Equal(Array.FindIndex(texts, part => part.Contains(stop, StringComparison.Ordinal)), tokens.Count);
            Assert.Equal(expected, _model.Generate(Prompt, 10, options with { StopStrings = [stop] }));
        }
    }

    [Fact]
    public async Task It_ends_at_once_when_it_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        using var blocks = new Trace(_model.Model, "transformer.h.1");
        int seen = 0;
        using var cancel = new Trace(_model.Model, "transformer.h.0", new() { EditOutput = Cancel, RetainOutput = false });
        Tensor? Cancel(Tensor output)
        {
            if (output.shape[1] == 1)
                cancellation.Cancel();
            return null;
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in _model.GenerateStream(Prompt, 10, new() { StopTokens = [] }, cancellation.Token))
                seen++;
        });

        // The second pass ended behind its first block.
        Assert.Equal((1, 1), (seen, blocks.CallCount));
        Assert.ThrowsAny<OperationCanceledException>(() => _model.Generate(Prompt, 5, cancellation: cancellation.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => ((DecoderModel)_model.Model).Generate([1], 5, cancellation: cancellation.Token));
        Assert.Equal(1, blocks.CallCount);
    }

    [Fact]
    public async Task The_token_of_the_enumeration_cancels_it_too()
    {
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken _ in _model.GenerateStream(Prompt, 10, new() { StopTokens = [] }).WithCancellation(cancellation.Token))
                cancellation.Cancel();
        });
    }

    [Fact]
    public async Task It_may_be_enumerated_twice()
    {
        IAsyncEnumerable<GeneratedToken> stream = _model.GenerateStream(Prompt, 4, new() { Temperature = 1, StopTokens = [] });
        Assert.Equal((await All(stream)).Select(token => token.Id), (await All(stream)).Select(token => token.Id));
    }

    public void Dispose() => _model.Dispose();

    private static async Task<List<GeneratedToken>> All(IAsyncEnumerable<GeneratedToken> stream)
    {
        List<GeneratedToken> tokens = [];
        await foreach (GeneratedToken token in stream)
            tokens.Add(token);
        return tokens;
    }
}
