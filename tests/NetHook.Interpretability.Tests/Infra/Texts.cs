using System.Text;
using CsCheck;

namespace NetHook.Interpretability.Tests;

/// <summary>Generators of Unicode texts that are hard on tokenizers.</summary>
internal static class Texts
{
    private static readonly string[] Hard =
    [
        " ", "  ", "\r\n", "\n", "\t", "\0", "\u001f", "\u007f", "\u0085", "\u00a0", "\u2028", "\u3000", "\u200b", "\ufeff", "\ufffd", "\uffff",
        "'s", "'t", "'ll", "'", "don't", "The capital of France", "e\u0301", "é", "日本語", "שלום", "1", "²", "Ⅷ", "½", "।", "\u0e33",
    ];

    private static readonly string[] BeyondBmp = ["😀", "👩‍👩‍👧", "🇫🇷", "𝒳", "𝟏", "𐍈", "🄰", "\U0010FFFF", "\U000E0041"];

    /// <summary>Any Unicode text.</summary>
    public static Gen<string> Any { get; } = Of(Hard.Concat(BeyondBmp), 0x10FFFF);

    /// <summary>Any Unicode text without characters beyond U+FFFF.</summary>
    public static Gen<string> Basic { get; } = Of(Hard, 0xFFFF);

    private static Gen<string> Of(IEnumerable<string> parts, int last) =>
        Gen.Frequency(
            (3, Gen.OneOf([.. parts.Select(part => Gen.Const(part))])),
            (2, Gen.Int[32, 126].Select(c => ((char)c).ToString())),
            (2, Gen.Int[0, last].Where(Rune.IsValid).Select(c => new Rune(c).ToString())))
        .Array[0, 12].Select(string.Concat);
}
