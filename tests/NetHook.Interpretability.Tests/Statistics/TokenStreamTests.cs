using CsCheck;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>A text that is encoded window by window has the tokens that it has at once.</summary>
public sealed class TokenStreamTests
{
    private const int Window = 300;

    public static TheoryData<string> Tokenizers =>
        [.. Directory.EnumerateDirectories(TokenizerRecord.Folder).Where(folder => File.Exists(Path.Combine(folder, "tokenizer.json"))).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Windows_give_the_tokens_of_the_whole(string name)
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, name));

        Texts.Sample(text => Assert.Equal(
            tokenizer.Encode(text, addSpecialTokens: false), new TokenStream(tokenizer, Corpus.Text(text), Window).From(default).SelectMany(block => block.Ids)), iter: 12);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Reading_goes_on_from_the_place_of_any_block(string name)
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, name));
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => $"Number {i * 7919 % 1000} is naïve, 日本 {i}.\n"));
        int[] whole = [.. tokenizer.Encode(text, addSpecialTokens: false)];
        (TokenPosition At, int[] Ids)[] blocks = [.. new TokenStream(tokenizer, Corpus.Text(text), Window).From(default)];

        Assert.True(blocks.Length > 10);
        foreach ((TokenPosition at, _) in blocks)
        {
            Assert.Equal(at, TokenPosition.Parse($"{at}"));
            Assert.Equal(whole[(int)at.Tokens..], new TokenStream(tokenizer, Corpus.Text(text), Window).From(at).SelectMany(block => block.Ids));
        }
    }

    [Fact]
    public void Text_without_words_is_encoded_too()
    {
        foreach (string text in (string[])[new('a', 5000), new(' ', 5000), new('\n', 5000), string.Concat(Enumerable.Repeat("日本語", 2000)), string.Concat(Enumerable.Repeat("\U0001F600", 3000))])
        {
            int[] ids = [.. new TokenStream(Speaking.Tokenizer, Corpus.Text(text), Window).From(default).SelectMany(block => block.Ids)];

            Assert.Equal(text, Speaking.Tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Marks_of_the_byte_order_are_no_text() => Assert.Equal(
        Speaking.Tokenizer.Encode("The capital"), new TokenStream(Speaking.Tokenizer, Corpus.Text("\ufeffThe capital"), Window).From(default).SelectMany(block => block.Ids));

    [Fact]
    public void Text_is_read_as_far_as_it_is_needed()
    {
        using LanguageModel model = Speaking.Model();
        var text = Corpus.Text(string.Concat(Enumerable.Repeat("The capital of France is Paris. ", 100_000)));

        CorpusBatch first = new CorpusBatches(model, text, Shard.Whole).All().First();

        Assert.InRange(first.Next.Bytes, 0, 300_000);
        Assert.True(text.Bytes > 3_000_000);
        Assert.Equal([2048 / 24, 24], first.On(CPU).shape);
    }

    private static readonly string[] Words =
        ["The capital", " of", " France", " is", "  ", "\n", "\n\n", " naïve", " café\u0301", "日本語 ", "1234567", " 12", ", ", "...", "\t", "'ll", " \U0001F600", "(x)", " привет"];

    private static Gen<string> Texts { get; } = Gen.Int[0, Words.Length - 1].Array[200, 500].Select(words => string.Concat(words.Select(word => Words[word])));
}
