using System.Text;
using CsCheck;

namespace NetHook.Interpretability.Tests;

public sealed class TokenRangeTests
{
    private static readonly Gpt2Tokenizer Tokenizer = TinyVocabulary.Tokenizer;

    [Theory]
    [InlineData("The capital of France is", "capital", " capital")]
    [InlineData("The capital of France is", "The", "The")]
    [InlineData("The capital of France is", "capital of", " capital of")]
    [InlineData("The capital of France is", "is", " is")]
    [InlineData("The capital of France is", "apit", " capital")]
    public void Tokens_of_a_part_are_those_that_hold_any_of_it(string text, string part, string expected)
    {
        IReadOnlyList<int> ids = Tokenizer.Encode(text);

        Assert.Equal(expected, Tokenizer.Decode(ids.Take(Tokenizer.TokenRange(text, part))));
    }

    [Fact]
    public void Range_holds_the_part_and_no_token_more() => Gen.Select(Texts.Any, Texts.Any, Texts.Any).Where(t => t.Item2.Length > 0).Sample((before, part, after) =>
    {
        string text = before + part + after;
        IReadOnlyList<int> ids = Tokenizer.Encode(text);

        (int first, int count) = Tokenizer.TokenRange(text, before.Length..(before.Length + part.Length)).GetOffsetAndLength(ids.Count);

        // In bytes, as tokens may cut characters.
        int Bytes(int tokens) => tokens == 0 ? 0 : ids.Take(tokens).Sum(id => TinyVocabulary.Vocabulary.Single(pair => pair.Value == id).Key.Length);
        int from = Encoding.UTF8.GetByteCount(before), to = Encoding.UTF8.GetByteCount(before + part);
        return Bytes(first) <= from && from < Bytes(first + 1) && Bytes(first + count) >= to && Bytes(first + count - 1) < to;
    }, iter: 1000);

    [Fact]
    public void A_cut_through_a_surrogate_pair_is_the_whole_character()
    {
        Assert.Equal(Tokenizer.TokenRange("a😀b", 1..3), Tokenizer.TokenRange("a😀b", 1..2));
        Assert.Equal(Tokenizer.TokenRange("a😀b", 1..3), Tokenizer.TokenRange("a😀b", 2..3));
    }

    [Theory]
    [InlineData("Spain", "\"Spain\" is not in \"The isle is\".")]
    [InlineData("the", "\"the\" is not in \"The isle is\".")]
    [InlineData("is", "\"is\" is more than once in \"The isle is\", at characters 4 and 9.")]
    public void A_part_that_is_not_there_exactly_once_is_refused(string part, string message)
    {
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => Tokenizer.TokenRange("The isle is", part)).Message);
    }

    [Fact]
    public void Overlapping_occurrences_count()
    {
        Assert.Equal(
            "\"aa\" is more than once in \"aaa\", at characters 0 and 1.",
            Assert.Throws<ArgumentException>(() => Tokenizer.TokenRange("aaa", "aa")).Message);
    }

    [Fact]
    public void An_empty_part_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Tokenizer.TokenRange("a", ""));
        Assert.Equal("The range 1..1 of \"a\" is empty.", Assert.Throws<ArgumentException>(() => Tokenizer.TokenRange("a", 1..1)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.TokenRange("a", 1..2));
    }
}
