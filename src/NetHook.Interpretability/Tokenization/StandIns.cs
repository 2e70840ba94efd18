using System.Globalization;
using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// .NET's regular expressions see a character beyond U+FFFF as two halves that are neither letter nor digit. For them, each
/// such character is one below that is of the same kind, so that <c>\p{L}</c> and its like match as elsewhere.
/// </summary>
internal static class StandIns
{
    // By UnicodeCategory. Rare ones, so that no expression means them by name.
    private const string Characters =
        "\uA640\uA641\u1F88\uA015\uA000" // letters: upper, lower, title case, modifier, other
        + "\uA66F\uA823\uA670" // marks: not spacing, spacing, enclosing
        + "\uA620\uA6E6\uA830" // numbers: digit, letter, other
        + "\u205F\u2028\u2029" // spaces: space, line, paragraph
        + "\u0001\u2061\uFFFF\uE000" // control, format, surrogate, private use
        + "\uFE33\uFE58\uFE59\uFE5A\u2E02\u2E03\uA4FE" // punctuation: connector, dash, open, close, initial, final, other
        + "\u2A00\uA838\uA700\uA490" // symbols: mathematical, currency, modifier, other
        + "\uFFFE"; // not assigned

    /// <summary>
    /// The text with stand-ins, and where each of its characters, and its end, are in the text that was given; null where
    /// they are where they were.
    /// </summary>
    public static (string Text, int[]? Positions) For(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            return (text, null);

        var standIns = new StringBuilder(text.Length);
        List<int> positions = new(text.Length + 1);
        for (int i = 0; i < text.Length;)
        {
            positions.Add(i);
            var rune = Rune.GetRuneAt(text, i);
            standIns.Append(rune.IsBmp ? text[i] : Characters[(int)CharUnicodeInfo.GetUnicodeCategory(rune.Value)]);
            i += rune.Utf16SequenceLength;
        }

        positions.Add(text.Length);
        return (standIns.ToString(), [.. positions]);
    }
}
