using System.Buffers;
using System.Globalization;
using System.Text;

namespace NetHook.Interpretability;

/// <summary>Finds added tokens in a text: the leftmost first, and of those that begin at one place the longest. Immutable.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firsts;

    /// <param name="tokens">The tokens, each with the form of it to look for.</param>
    public AddedTokenFinder(IEnumerable<(string Form, AddedToken Token)> tokens)
    {
        foreach ((string form, AddedToken token) in tokens)
        {
            Node node = _root;
            foreach (char c in form)
                node = node.Next.TryGetValue(c, out Node? known) ? known : node.Next[c] = new();
            node.Token = token;
        }

        _firsts = SearchValues.Create([.. _root.Next.Keys]);
    }

    /// <summary>Cuts a text into the added tokens in it and the rest, in order. A part without a token is never empty.</summary>
    public IEnumerable<(int Start, int End, AddedToken? Token)> Split(string text)
    {
        int done = 0;
        for (int position = 0; (position = Find(text, position, out AddedToken? token, out int end)) >= 0; position = end)
        {
            if (token!.SingleWord && (EndsWithWord(text.AsSpan(0, position)) || StartsWithWord(text.AsSpan(end))))
                continue;

            int start = token.LeftStrip ? Math.Max(text.AsSpan(0, position).TrimEnd().Length, done) : position;
            int stop = token.RightStrip ? text.Length - text.AsSpan(end).TrimStart().Length : end;

            // A token before may have taken white space that this one begins with: as in the reference, both have it.
            if (start > done)
                yield return (done, start, null);
            yield return (start, stop, token);
            done = stop;
        }

        if (done < text.Length)
            yield return (done, text.Length, null);
    }

    private int Find(string text, int from, out AddedToken? token, out int end)
    {
        token = null;
        end = from;
        for (int start = from; start < text.Length; start++)
        {
            int skipped = text.AsSpan(start).IndexOfAny(_firsts);
            if (skipped < 0)
                return -1;
            start += skipped;
            Node? node = _root;
            for (int i = start; i < text.Length && node.Next.TryGetValue(text[i], out node); i++)
            {
                if (node.Token is not null)
                    (token, end) = (node.Token, i + 1);
            }

            if (token is not null)
                return start;
        }

        return -1;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done && IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out Rune first, out _) == OperationStatus.Done && IsWord(first);

    // What \w takes: letters, marks, numbers that are letters or digits, connectors and joiners.
    private static bool IsWord(Rune rune) => Rune.IsLetter(rune) || rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;

    private sealed class Node
    {
        public Dictionary<char, Node> Next { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
