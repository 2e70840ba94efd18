namespace NetHook.Interpretability;

/// <summary>What is done with the tokens of a text at the end.</summary>
/// <param name="Before">The tokens that come before those of the text.</param>
/// <param name="After">The tokens that come after them.</param>
internal sealed record Template(IReadOnlyList<TokenSpan> Before, IReadOnlyList<TokenSpan> After)
{
    public static Template None { get; } = new([], []);

    /// <summary>Whether the spaces at the ends of a token are left out of its characters, and whether the first may be one that was put there.</summary>
    public (bool Yes, bool SpaceWasAdded) TrimOffsets { get; init; }

    /// <summary>Both templates, the other one's tokens outside.</summary>
    public Template Inside(Template outer) => new([.. outer.Before, .. Before], [.. After, .. outer.After])
    {
        TrimOffsets = outer.TrimOffsets.Yes ? outer.TrimOffsets : TrimOffsets,
    };

    /// <summary>Leaves the spaces at the ends of a token out of its characters, as the reference counts them.</summary>
    public TokenSpan Trim(TokenSpan token, bool first, string text)
    {
        int leading = token.Token.TakeWhile(IsSpace).Count(), trailing = token.Token.Reverse().TakeWhile(IsSpace).Count();
        int start = token.Characters.Start.Value, end = token.Characters.End.Value;
        if (TrimOffsets.SpaceWasAdded && leading == 1 && (first || start == 0))
            leading = 0;
        start = Math.Min(Forward(text, start, leading), end);
        return token with { Characters = start..Math.Max(Back(text, end, trailing), start) };
    }

    private static bool IsSpace(char character) => character == ByteAlphabet.Character((byte)' ') || char.IsWhiteSpace(character);

    private static int Forward(string text, int index, int characters)
    {
        for (; characters > 0 && index < text.Length; characters--)
            index += char.IsSurrogatePair(text, index) ? 2 : 1;
        return index;
    }

    private static int Back(string text, int index, int characters)
    {
        // The reference leaves the end where fewer characters are before it than are to go.
        int back = index;
        for (; characters > 0; characters--)
        {
            if (back == 0)
                return index;
            back -= back > 1 && char.IsSurrogatePair(text, back - 2) ? 2 : 1;
        }

        return back;
    }
}
