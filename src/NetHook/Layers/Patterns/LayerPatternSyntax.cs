namespace NetHook;

/// <summary>Reads a pattern whose braces were expanded: names between dots, each a glob, or <c>**</c>.</summary>
internal static class LayerPatternSyntax
{
    /// <summary>The pattern's names in order; null stands for <c>**</c>.</summary>
    /// <param name="alternative">The pattern with its braces expanded.</param>
    /// <param name="pattern">The pattern as the user wrote it, for messages.</param>
    internal static List<NameGlob?> Names(string alternative, string pattern)
    {
        var names = new List<NameGlob?>();
        for (int start = 0; start <= alternative.Length;)
        {
            (NameGlob? name, int end) = ReadName(alternative, start, pattern);
            names.Add(name);
            start = end + 1;
        }

        return names;
    }

    /// <summary>The position behind a class that starts at <paramref name="open"/>.</summary>
    internal static int SkipClass(string text, int open, string pattern)
    {
        int at = open + 1;
        if (at < text.Length && text[at] is '!' or '^')
            at++;

        // As everywhere in globs, a ']' that comes first is one of the characters.
        for (int first = at; at < text.Length; at++)
        {
            if (text[at] == ']' && at > first)
                return at + 1;
            if (text[at] == '.')
                throw Malformed(pattern, text, at, "a '.' cannot be in a class, because it separates names");
            if (text[at] == '\\')
                at++;
        }

        throw Malformed(pattern, text, open, "the '[' is never closed; write '\\[' for the character itself");
    }

    internal static ArgumentException Malformed(string pattern, string text, int position, string problem)
    {
        string within = text == pattern ? "" : $", in its alternative '{text}'";
        return new ArgumentException($"Malformed layer pattern '{pattern}': {problem} (position {position}{within}).", nameof(pattern));
    }

    private static (NameGlob? Name, int End) ReadName(string text, int start, string pattern)
    {
        var tokens = new List<NameGlob.Token>();
        int at = start;
        while (at < text.Length && text[at] != '.')
        {
            int next = at + 1;
            switch (text[at])
            {
                case '*':
                    if (next < text.Length && text[next] == '*')
                        return (null, ReadAnyDepth(text, start, at, pattern));
                    tokens.Add(new(NameGlob.Kind.AnyCharacters));
                    break;
                case '?':
                    tokens.Add(new(NameGlob.Kind.AnyCharacter));
                    break;
                case '[':
                    next = SkipClass(text, at, pattern);
                    tokens.Add(ReadClass(text, at, next - 1, pattern));
                    break;
                case ']':
                    throw Malformed(pattern, text, at, "the ']' closes nothing; write '\\]' for the character itself");
                case '\\':
                    if (next == text.Length)
                        throw Malformed(pattern, text, at, "nothing follows the '\\'; write '\\\\' for the character itself");
                    tokens.Add(new(NameGlob.Kind.Character, text[next++]));
                    break;
                default:
                    tokens.Add(new(NameGlob.Kind.Character, text[at]));
                    break;
            }

            at = next;
        }

        if (at == start)
            throw Malformed(pattern, text, start, text.Length == 0 ? "it is empty" : "there is no name here");
        return (new NameGlob(text[start..at], tokens), at);
    }

    private static int ReadAnyDepth(string text, int start, int at, string pattern)
    {
        int end = at + 2;
        if (at == start && (end == text.Length || text[end] == '.'))
            return end;
        throw Malformed(pattern, text, at, "'**' stands for whole names and must be alone between dots; '*' stays within one");
    }

    private static NameGlob.Token ReadClass(string text, int open, int close, string pattern)
    {
        int at = open + 1;
        bool negated = text[at] is '!' or '^';
        if (negated)
            at++;

        var ranges = new List<(char, char)>();
        while (at < close)
        {
            char first = ReadClassCharacter(text, ref at);
            char last = first;
            if (at + 1 < close && text[at] == '-')
            {
                at++;
                last = ReadClassCharacter(text, ref at);
            }

            if (first > last)
                throw Malformed(pattern, text, open, $"the range '{first}-{last}' is the wrong way round");
            ranges.Add((first, last));
        }

        return new(NameGlob.Kind.Class, Negated: negated, Ranges: [.. ranges]);
    }

    private static char ReadClassCharacter(string text, ref int at)
    {
        if (text[at] == '\\')
            at++;
        return text[at++];
    }
}
