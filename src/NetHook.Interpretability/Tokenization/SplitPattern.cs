using System.Text.RegularExpressions;

namespace NetHook.Interpretability;

/// <summary>A text or a regular expression that words are cut at. Immutable.</summary>
internal sealed class SplitPattern
{
    /// <summary>The longest expression that is taken from a file; published ones have about 200 characters.</summary>
    public const int LongestExpression = 10_000;

    // A published expression takes microseconds for a match, so that this stops hostile ones alone.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Regex _regex;
    private readonly bool _isText;

    private SplitPattern(Regex regex, bool isText) => (_regex, _isText) = (regex, isText);

    public static SplitPattern Text(string text) => new(new Regex(Regex.Escape(text), RegexOptions.CultureInvariant), isText: true);

    /// <exception cref="ArgumentException">.NET does not read the expression, or reads it in another way.</exception>
    public static SplitPattern Expression(string expression)
    {
        if (expression.Length > LongestExpression)
            throw new ArgumentException($"It has {expression.Length} characters; the most that are read are {LongestExpression}.");
        if (expression.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            throw new ArgumentException("It names characters beyond U+FFFF, which .NET's expressions see as two.");
        return new(new Regex(expression, RegexOptions.CultureInvariant, Patience), isText: false);
    }

    /// <summary>Makes each match a word of its own.</summary>
    public Words Isolate(Words words) => Cut(words, before: true);

    /// <summary>Ends a word after each match.</summary>
    public Words CutAfter(Words words) => Cut(words, before: false);

    private Words Cut(Words words, bool before)
    {
        List<int> ends = [];
        int start = 0;
        foreach (int end in words.Ends)
        {
            int last = start;
            string word = words.Text.Text[start..end];
            (string text, int[]? positions) = _isText ? (word, null) : StandIns.For(word);
            foreach (ValueMatch match in _regex.EnumerateMatches(text))
            {
                int from = start + (positions?[match.Index] ?? match.Index);
                int to = start + (positions?[match.Index + match.Length] ?? (match.Index + match.Length));
                if (before && from > last)
                    ends.Add(last = from);
                if (to > last)
                    ends.Add(last = to);
            }

            if (end > last)
                ends.Add(end);
            start = end;
        }

        return new(words.Text, ends);
    }
}
