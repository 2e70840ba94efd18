namespace NetHook.Cli.Tests;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.01, "0.0100")]
    [InlineData(-0.01234, "-0.0123")]
    [InlineData(0.5, "0.500")]
    [InlineData(1, "1.00")]
    [InlineData(-12.345, "-12.3")]
    [InlineData(123.4, "123")]
    [InlineData(99999.4, "99999")]
    [InlineData(99999.6, "1.0e5")]
    [InlineData(0.00999, "1.0e-2")]
    [InlineData(-1.24e-7, "-1.2e-7")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Real_numbers_have_three_digits_or_an_exponent(double value, string text) => Assert.Equal(text, Figures.Real(value));

    [Theory]
    [InlineData(0.004, "0.00")]
    [InlineData(9.994, "9.99")]
    [InlineData(9.996, "10.0")]
    [InlineData(99.96, "100")]
    [InlineData(12345.6, "12346")]
    public void Times_have_decimals_where_they_say_something(double value, string text) => Assert.Equal(text, Figures.Milliseconds(value));

    [Fact]
    public void Counts_agree_with_their_nouns() =>
        Assert.Equal(["0 layers", "1 layer", "1,234 layers"], new long[] { 0, 1, 1234 }.Select(count => Figures.Count(count, "layer")));

    [Fact]
    public void Tokens_are_quoted_so_that_every_character_is_seen() =>
        Assert.Equal("\" a\\\"b\\\\c\\n\\u001b[31m\\u200bé\"", Tokens.Quote(" a\"b\\c\n\u001b[31m\u200bé"));
}
