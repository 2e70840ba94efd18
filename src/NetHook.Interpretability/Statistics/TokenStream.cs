using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// Encodes a text of any length, window by window. A window begins with some characters that were encoded before and ends with some that
/// are encoded again: between them, at the beginning of a word, both windows cut the text alike, so that the tokens are those of the
/// whole text at once.
/// </summary>
internal sealed class TokenStream(Tokenizer tokenizer, Corpus text, int window = TokenStream.Window)
{
    /// <summary>The most characters that a window has of the one before.</summary>
    public const int MostContext = 256;

    private const int Window = 1 << 16;
    private const int Margin = 256;

    /// <summary>The tokens from a place on, in blocks, each with its own place. None are added at the beginning or end.</summary>
    public IEnumerable<(TokenPosition At, int[] Ids)> From(TokenPosition at)
    {
        if (at.Bytes == 0)
            at = at with { Bytes = text.MarkBytes() };
        var pending = new StringBuilder();
        foreach (string more in text.Read(at.Bytes))
        {
            // Windows of a size that tests choose, however the text comes.
            for (int from = 0; from < more.Length;)
            {
                int length = Math.Min(more.Length - from, window);
                length += from + length < more.Length && char.IsHighSurrogate(more[from + length - 1]) ? 1 : 0;
                pending.Append(more, from, length);
                from += length;
                if (pending.Length < at.Context + window + Margin)
                    continue;
                string characters = pending.ToString();
                List<TokenSpan> spans = tokenizer.Spans(characters);
                int first = FirstFrom(spans, at.Context), cut = Cut(characters, spans, first);
                if (cut <= first)
                    continue;
                yield return (at, Ids(spans, first, cut));
                (at, int kept) = Next(at, characters, spans[cut].Characters.Start.Value, cut - first);
                pending.Remove(0, kept);
            }
        }

        if (pending.Length > at.Context)
        {
            List<TokenSpan> spans = tokenizer.Spans(pending.ToString());
            int first = FirstFrom(spans, at.Context);
            yield return (at, Ids(spans, first, spans.Count));
        }
    }

    private static int[] Ids(List<TokenSpan> spans, int first, int end) => [.. spans[first..end].Select(span => span.Id)];

    private static int FirstFrom(List<TokenSpan> spans, int character)
    {
        int first = character == 0 ? 0 : spans.FindIndex(span => span.Characters.Start.Value >= character);
        return first < 0 ? spans.Count : first;
    }

    /// <summary>The last token before the margin that begins a word, or if none does that begins where another ended; 0 if there is none.</summary>
    private static int Cut(string characters, List<TokenSpan> spans, int first)
    {
        int inside = 0;
        for (int i = spans.Count - 1; i > first; i--)
        {
            int start = spans[i].Characters.Start.Value;
            if (start > characters.Length - Margin || start == 0 || spans[i - 1].Characters.End.Value > start)
                continue;
            if (char.IsWhiteSpace(characters[start]) && !char.IsWhiteSpace(characters[start - 1]))
                return i;
            if (inside == 0)
                inside = i;
        }

        return inside;
    }

    /// <summary>The place of the next block, and how many characters of this window it does without.</summary>
    private static (TokenPosition At, int Dropped) Next(TokenPosition at, string characters, int cut, int tokens)
    {
        // It begins with a word, so that what comes before does not change how its first one is cut.
        int from = Math.Max(0, cut - MostContext);
        while (from > 0 && from < cut && !(char.IsWhiteSpace(characters[from]) && !char.IsWhiteSpace(characters[from - 1])))
            from++;
        if (from == cut)
            from = Math.Max(0, cut - MostContext);
        from -= from > 0 && char.IsSurrogatePair(characters, from - 1) ? 1 : 0;
        return (new(at.Bytes + Encoding.UTF8.GetByteCount(characters.AsSpan(0, from)), cut - from, at.Tokens + tokens), from);
    }
}
