using CsCheck;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2PreTokenizerTests
{
    private static readonly Gpt2PreTokenizer PreTokenizer = new(["<|endoftext|>", "<|x|>"]);

    [Fact]
    public void Pieces_are_those_of_the_pattern() =>
        Texts.Basic.Sample(text => Pieces(text).SequenceEqual(TinyVocabulary.Pieces().Matches(text).Select(match => match.Value)), iter: 20_000);

    [Fact]
    public void Pieces_join_to_the_text() => Texts.Any.Sample(text => string.Concat(Pieces(text)) == text, iter: 20_000);

    [Theory]
    [InlineData("a𝒳b", "a𝒳b")]
    [InlineData("!𝟏", "!|𝟏")]
    [InlineData(" 𝟏𝟐 😀!", " 𝟏𝟐| 😀!")]
    [InlineData("x  y", "x| | y")]
    [InlineData("x \n\ny \n", "x| \n|\n|y| \n")]
    [InlineData("we'll 'LL", "we|'ll| '|LL")]
    public void Characters_beyond_the_basic_plane_have_their_kind(string text, string pieces) =>
        Assert.Equal(pieces, string.Join('|', Pieces(text)));

    [Theory]
    [InlineData("a <|endoftext|>b", "a| |<|endoftext|>|b")]
    [InlineData("<|x|><|endoftext|> <|x|", "<|x|>|<|endoftext|>| <||x||")]
    public void Special_tokens_are_pieces_of_their_own(string text, string pieces) =>
        Assert.Equal(pieces, string.Join('|', Pieces(text)));

    private static IEnumerable<string> Pieces(string text) =>
        PreTokenizer.PreTokenize(text).Select(piece => text.Substring(piece.Offset, piece.Length));
}
