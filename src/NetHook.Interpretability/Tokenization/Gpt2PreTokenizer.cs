using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace NetHook.Interpretability;

/// <summary>
/// Splits text as GPT-2 does before it merges bytes, by the pattern
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, and takes special tokens whole.
/// </summary>
/// <remarks>
/// Written out because .NET's regular expressions see the two halves of a character beyond U+FFFF, and would call a
/// mathematical letter no letter.
/// </remarks>
internal sealed class Gpt2PreTokenizer(IReadOnlyCollection<string> specials) : PreTokenizer
{
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        End,
        Letter,
        Number,
        Space,
        Other,
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        List<(int, int)> pieces = [];
        for (int start = 0; start < text.Length;)
        {
            int nextSpecial = FindSpecial(text[start..], out int specialLength);
            ReadOnlySpan<char> plain = text[..(start + nextSpecial)];
            while (start < plain.Length)
            {
                int length = PieceAt(plain[start..]);
                pieces.Add((start, length));
                start += length;
            }

            if (specialLength > 0)
                pieces.Add((start, specialLength));
            start += specialLength;
        }

        return pieces;
    }

    private int FindSpecial(ReadOnlySpan<char> text, out int length)
    {
        int first = text.Length;
        length = 0;
        foreach (string special in specials)
        {
            int index = text.IndexOf(special, StringComparison.Ordinal);
            if (index >= 0 && index < first)
                (first, length) = (index, special.Length);
        }

        return first;
    }

    private static int PieceAt(ReadOnlySpan<char> text)
    {
        foreach (string contraction in Contractions)
        {
            if (text.StartsWith(contraction, StringComparison.Ordinal))
                return contraction.Length;
        }

        int lead = text[0] == ' ' ? 1 : 0;
        Kind kind = KindAt(text[lead..], out _);
        if (kind is Kind.Letter or Kind.Number or Kind.Other)
            return lead + RunLength(text[lead..], kind);

        // The last of several spaces is left to what follows them.
        int spaces = RunLength(text, Kind.Space);
        return spaces > 1 && spaces < text.Length ? spaces - 1 : spaces;
    }

    private static int RunLength(ReadOnlySpan<char> text, Kind kind)
    {
        int length = 0;
        while (KindAt(text[length..], out int size) == kind)
            length += size;
        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, out int length)
    {
        if (text.IsEmpty)
        {
            length = 0;
            return Kind.End;
        }

        Rune.DecodeFromUtf16(text, out Rune rune, out length);
        return Rune.IsWhiteSpace(rune) ? Kind.Space : Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
