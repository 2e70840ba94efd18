using CsCheck;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2TokenizerTests
{
    private static readonly Gpt2Tokenizer Tokenizer = TinyVocabulary.Tokenizer;

    [Fact]
    public void Any_text_comes_back_as_it_was() =>
        Texts.Any.Sample(text => Tokenizer.Decode(Tokenizer.Encode(text)) == text, iter: 5000);

    [Fact]
    public void Encoding_is_that_of_the_textbook() =>
        Texts.Basic.Sample(text => Tokenizer.Encode(text).SequenceEqual(TinyVocabulary.EncodeByTheBook(text)), iter: 5000);

    [Fact]
    public void Texts_of_tokens_join_to_the_text() =>
        Texts.Basic.Where(text => text.All(char.IsAscii))
            .Sample(text => string.Concat(Tokenizer.Encode(text).Select(Tokenizer.TokenText)) == text, iter: 500);

    [Fact]
    public void Long_words_are_encoded()
    {
        string text = new('a', 20_000);

        Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text)));
    }

    [Fact]
    public void Empty_text_has_no_tokens()
    {
        Assert.Empty(Tokenizer.Encode(""));
        Assert.Equal("", Tokenizer.Decode([]));
    }

    [Fact]
    public void End_of_text_is_one_token_wherever_it_is()
    {
        int end = Tokenizer.EndOfTextId!.Value;

        Assert.Equal(
            [.. Tokenizer.Encode("a"), end, end, .. Tokenizer.Encode(" b"), end],
            Tokenizer.Encode("a<|endoftext|><|endoftext|> b<|endoftext|>"));
        Assert.Equal("<|endoftext|>", Tokenizer.TokenText(end));
    }

    [Fact]
    public void End_of_text_is_text_where_the_vocabulary_lacks_it()
    {
        var plain = new Gpt2Tokenizer(TinyVocabulary.Vocabulary.Where(pair => pair.Key != Gpt2Tokenizer.EndOfText).ToDictionary(), TinyVocabulary.Merges);

        Assert.Null(plain.EndOfTextId);
        Assert.Equal("a<|endoftext|>", plain.Decode(plain.Encode("a<|endoftext|>")));
    }

    [Fact]
    public void Token_text_shows_spaces_as_spaces_and_cut_characters_as_replaced()
    {
        Assert.Equal(" capital", Tokenizer.TokenText(TinyVocabulary.Vocabulary["Ġcapital"]));
        Assert.Equal("\ufffd", Tokenizer.TokenText(Tokenizer.Encode("\U0010FFFF")[0]));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        // Not data of a theory: attributes hold UTF-8, which has no halves.
        foreach ((string text, int position, string code) in new[] { ("ab\ud800", 2, "U+D800"), ("\udc00\ud800", 0, "U+DC00"), ("😀\ud83dx", 2, "U+D83D") })
        {
            PromptException e = Assert.Throws<PromptException>(() => Tokenizer.Encode(text));

            Assert.Equal($"The text is not Unicode: character {position} ({code}) is half a surrogate pair.", e.Message);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_000_000)]
    public void Unknown_ids_are_refused(int id)
    {
        string message = $"No token of this vocabulary of {Tokenizer.VocabularySize} has this id. (Parameter 'id')\nActual value was {id}.";

        Assert.Equal(message, Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([id])).Message.ReplaceLineEndings("\n"));
        Assert.Equal(message, Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.TokenText(id)).Message.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Threads_may_share_a_tokenizer()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => $"The capital {i} of 日本{i * 7919}")];

        Parallel.ForEach(texts, text => Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text))));
    }
}
