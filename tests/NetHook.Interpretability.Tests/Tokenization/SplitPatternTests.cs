using CsCheck;

namespace NetHook.Interpretability.Tests;

public sealed class SplitPatternTests
{
    private static readonly SplitPattern Gpt2 = SplitPattern.Expression(ByteLevel.Gpt2Pattern);

    [Fact]
    public void Pieces_are_those_of_the_pattern() =>
        Texts.Basic.Sample(text => Pieces(Gpt2, text).SequenceEqual(TinyVocabulary.Pieces().Matches(text).Select(match => match.Value)), iter: 20_000);

    [Fact]
    public void Pieces_join_to_the_text() => Texts.Any.Sample(text => string.Concat(Pieces(Gpt2, text)) == text, iter: 20_000);

    [Theory]
    [InlineData("a𝒳b", "a𝒳b")]
    [InlineData("!𝟏", "!|𝟏")]
    [InlineData(" 𝟏𝟐 😀!", " 𝟏𝟐| 😀!")]
    [InlineData("x  y", "x| | y")]
    [InlineData("x \n\ny \n", "x| \n|\n|y| \n")]
    [InlineData("we'll 'LL", "we|'ll| '|LL")]
    public void Characters_beyond_the_basic_plane_have_their_kind(string text, string pieces) =>
        Assert.Equal(pieces, string.Join('|', Pieces(Gpt2, text)));

    [Theory]
    [InlineData(@"\p{N}{1,3}", "𝟏𝟐𝟏𝟐", "𝟏𝟐𝟏|𝟐")]
    [InlineData(@"\p{Lu}", "a𝐀b", "a|𝐀|b")]
    [InlineData(@"\p{So}+", "a😀🗿b", "a|😀🗿|b")]
    public void Classes_match_characters_beyond_the_basic_plane(string expression, string text, string pieces) =>
        Assert.Equal(pieces, string.Join('|', Pieces(SplitPattern.Expression(expression), text)));

    [Fact]
    public void A_text_is_cut_at_as_it_is_and_not_as_an_expression()
    {
        Assert.Equal("a|.|b", string.Join('|', Pieces(SplitPattern.Text("."), "a.b")));
        Assert.Equal("a|😀|😃", string.Join('|', Pieces(SplitPattern.Text("😀"), "a😀😃")));
    }

    [Fact]
    public void A_word_may_end_after_each_match() =>
        Assert.Equal("a | |b ", string.Join('|', SplitPattern.Text(" ").CutAfter(Words.One("a  b ")).Pieces()));

    private static IEnumerable<string> Pieces(SplitPattern pattern, string text) => pattern.Isolate(Words.One(text)).Pieces();
}
