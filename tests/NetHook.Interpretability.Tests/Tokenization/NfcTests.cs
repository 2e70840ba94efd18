namespace NetHook.Interpretability.Tests;

/// <summary>Normalization form C, which .NET itself does not give in a program without culture data, as these tests are.</summary>
public sealed class NfcTests
{
    private static readonly Nfc Nfc = new();

    [Theory]
    [InlineData("plain é 日本語 😀", "plain é 日本語 😀")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("a\u0301\u0323", "\u1EA1\u0301")] // The mark below comes first, though it was written last.
    [InlineData("a\u0315\u0300\u05ae\u0062", "\u00E0\u05ae\u0315b")]
    [InlineData("e\u0301\u0301", "\u00E9\u0301")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u0958", "\u0915\u093C")] // Made of two, and not composed again.
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("e\u0334\u0301", "\u00E9\u0334")]
    [InlineData("a\u0305\u0300", "a\u0305\u0300")] // A mark of the same class is between.
    [InlineData("\u1100\u0334\u1161", "\u1100\u0334\u1161")]
    [InlineData("", "")]
    public void Text_is_normalized(string text, string expected) => Assert.Equal(expected, Apply(text).Text);

    [Fact]
    public void Normalizing_again_changes_nothing()
    {
        for (int code = 0x300; code < 0x30000; code += code == 0xD7FF ? 0x801 : 1)
        {
            string once = Apply(char.ConvertFromUtf32(code)).Text;
            Assert.Equal(once, Apply(once).Text);
        }
    }

    [Fact]
    public void Characters_know_where_they_come_from()
    {
        AlignedText text = Apply("xe\u0301q\u0344z");

        Assert.Equal("x\u00E9q\u0308\u0301z", text.Text);
        Assert.Equal([0, 1, 3, 4, 4, 5], Enumerable.Range(0, 6).Select(text.Start));
        Assert.Equal([1, 2, 4, 5, 5, 6], Enumerable.Range(0, 6).Select(text.End));
    }

    private static AlignedText Apply(string text) => Nfc.Apply(AlignedText.Of(text, 0, text.Length));
}
