using System.Globalization;

namespace NetHook;

/// <summary>Writes a pattern out into the patterns without braces that it stands for.</summary>
internal static class LayerPatternBraces
{
    // Far more than anyone writes by hand; a product of braces reaches it before it reaches the memory's end.
    private const int MostAlternatives = 20_000;

    internal static IReadOnlyList<string> Expand(string pattern)
    {
        (List<string>? alternatives, int end) = ReadSequence(pattern, 0, inBraces: false);
        return end == pattern.Length
            ? alternatives
            : throw LayerPatternSyntax.Malformed(pattern, pattern, end, "the '}' closes nothing; write '\\}' for the character itself");
    }

    /// <summary>Reads up to the end, or up to the comma or brace that ends an alternative.</summary>
    private static (List<string> Alternatives, int End) ReadSequence(string pattern, int start, bool inBraces)
    {
        List<string> alternatives = [""];
        int at = start;
        while (at < pattern.Length && pattern[at] != '}' && !(inBraces && pattern[at] == ','))
        {
            if (pattern[at] == '{')
            {
                (List<string>? choices, int end) = ReadBraces(pattern, at);
                alternatives = Product(alternatives, choices, pattern, at);
                at = end;
                continue;
            }

            int next = pattern[at] switch
            {
                '[' => LayerPatternSyntax.SkipClass(pattern, at, pattern),
                '\\' => Math.Min(at + 2, pattern.Length),
                _ => at + 1,
            };
            for (int i = 0; i < alternatives.Count; i++)
                alternatives[i] += pattern[at..next];
            at = next;
        }

        return (alternatives, at);
    }

    private static (List<string> Choices, int End) ReadBraces(string pattern, int open)
    {
        if (ReadNumbers(pattern, open) is { } numbers)
            return numbers;

        var choices = new List<string>();
        int at = open;
        do
        {
            (List<string>? alternatives, int end) = ReadSequence(pattern, at + 1, inBraces: true);
            choices.AddRange(alternatives);
            if (choices.Count > MostAlternatives)
                throw TooMany(pattern, open);
            at = end;
        }
        while (at < pattern.Length && pattern[at] == ',');

        return at < pattern.Length
            ? (choices, at + 1)
            : throw LayerPatternSyntax.Malformed(pattern, pattern, open, "the '{' is never closed; write '\\{' for the character itself");
    }

    /// <summary>Reads <c>{first..last}</c>; null if the braces hold something else.</summary>
    private static (List<string> Choices, int End)? ReadNumbers(string pattern, int open)
    {
        int close = pattern.IndexOf('}', open);
        string[] ends = close < 0 ? [] : pattern[(open + 1)..close].Split("..");
        if (ends.Length != 2 || !IsNumber(ends[0], out int first) || !IsNumber(ends[1], out int last))
            return null;
        if (first > last)
            throw LayerPatternSyntax.Malformed(pattern, pattern, open, $"the range '{first}..{last}' is the wrong way round");
        if (last - first >= MostAlternatives)
            throw TooMany(pattern, open);

        IEnumerable<string> numbers = Enumerable.Range(first, last - first + 1).Select(number => number.ToString(CultureInfo.InvariantCulture));
        return ([.. numbers], close + 1);
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static List<string> Product(List<string> before, List<string> choices, string pattern, int open) =>
        (long)before.Count * choices.Count <= MostAlternatives
            ? [.. from beginning in before from choice in choices select beginning + choice]
            : throw TooMany(pattern, open);

    private static ArgumentException TooMany(string pattern, int open) => LayerPatternSyntax.Malformed(
        pattern, pattern, open, $"its braces stand for more than {MostAlternatives.ToString("N0", CultureInfo.InvariantCulture)} patterns");
}
