namespace NetHook;

/// <summary>A glob over one name of a path: literal characters, <c>*</c>, <c>?</c> and classes.</summary>
internal sealed class NameGlob(string text, IReadOnlyList<NameGlob.Token> tokens)
{
    internal enum Kind
    {
        Character,
        AnyCharacter,
        AnyCharacters,
        Class,
    }

    /// <summary>The glob as written, by which equal globs are recognised.</summary>
    internal string Text { get; } = text;

    /// <summary>The one name that matches, if there are no wildcards.</summary>
    internal string? Literal { get; } =
        tokens.All(token => token.Kind == Kind.Character) ? string.Concat(tokens.Select(token => token.Character)) : null;

    /// <summary>
    /// Whether the whole name matches. On a mismatch only the last <c>*</c> takes one character more: what earlier ones
    /// could take instead makes no difference, so the time is at most the product of the two lengths.
    /// </summary>
    internal bool Matches(string name)
    {
        (int at, int token, int star, int starAt) = (0, 0, -1, 0);
        while (at < name.Length)
        {
            if (token < tokens.Count && tokens[token].Kind == Kind.AnyCharacters)
                (star, starAt) = (token++, at);
            else if (token < tokens.Count && tokens[token].Matches(name[at]))
                (at, token) = (at + 1, token + 1);
            else if (star >= 0)
                (at, token) = (++starAt, star + 1);
            else
                return false;
        }

        while (token < tokens.Count && tokens[token].Kind == Kind.AnyCharacters)
            token++;
        return token == tokens.Count;
    }

    internal readonly record struct Token(Kind Kind, char Character = '\0', bool Negated = false, (char First, char Last)[]? Ranges = null)
    {
        internal bool Matches(char character) => Kind switch
        {
            Kind.Character => character == Character,
            Kind.AnyCharacter => true,
            _ => Ranges!.Any(range => range.First <= character && character <= range.Last) != Negated,
        };
    }
}
