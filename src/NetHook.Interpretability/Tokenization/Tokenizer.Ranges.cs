namespace NetHook.Interpretability;

public partial class Tokenizer
{
    /// <summary>
    /// Finds the tokens of a part of a text, such as the subject of a prompt: all that hold any of it, also those that
    /// begin with the space before it.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="part">What to find in it, letter by letter. It must be there exactly once.</param>
    /// <param name="addSpecialTokens">As for <see cref="Encode"/>: whether the tokens around the text are counted.</param>
    /// <returns>The range of tokens, of those that <see cref="Encode"/> gives for <paramref name="text"/>.</returns>
    /// <exception cref="ArgumentException">The part is empty, or not in the text, or there more than once.</exception>
    /// <exception cref="PromptException">No token stands for the part.</exception>
    public Range TokenRange(string text, string part, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(part);
        int start = text.IndexOf(part, StringComparison.Ordinal);
        if (start < 0)
            throw new ArgumentException($"\"{part}\" is not in \"{text}\".");
        int again = text.IndexOf(part, start + 1, StringComparison.Ordinal);
        if (again >= 0)
            throw new ArgumentException($"\"{part}\" is more than once in \"{text}\", at characters {start} and {again}.");
        return TokenRange(text, start..(start + part.Length), addSpecialTokens);
    }

    /// <summary>Finds the tokens of a part of a text, given by its characters.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">The part, as a range of <paramref name="text"/> that is not empty.</param>
    /// <param name="addSpecialTokens">As for <see cref="Encode"/>: whether the tokens around the text are counted.</param>
    /// <returns>The range of tokens that hold any of it.</returns>
    /// <exception cref="ArgumentException">The range is empty.</exception>
    /// <exception cref="PromptException">No token stands for the range: the vocabulary lacks its
    /// characters and has no unknown token.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is outside the text.</exception>
    public Range TokenRange(string text, Range characters, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return RangeIn(Spans(text), text, characters, addSpecialTokens ? _parts.Template.Before.Count : 0);
    }

    /// <summary>Encodes a text as <see cref="Encode"/> does, and finds the tokens of a part of it as <see cref="TokenRange(string, Range, bool)"/> does, at once.</summary>
    internal (IReadOnlyList<int> Ids, Range Part) EncodeWithPart(string text, Range characters)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<TokenSpan> spans = Spans(text);
        Template template = _parts.Template;
        IEnumerable<TokenSpan> all = [.. template.Before, .. spans, .. template.After];
        return ([.. all.Select(token => token.Id)], RangeIn(spans, text, characters, template.Before.Count));
    }

    private static Range RangeIn(List<TokenSpan> spans, string text, Range characters, int before)
    {
        (int from, int length) = characters.GetOffsetAndLength(text.Length);
        if (length == 0)
            throw new ArgumentException($"The range {characters} of \"{text}\" is empty.");

        // A cut through a surrogate pair counts as the whole character.
        int to = from + length + (IsCut(text, from + length) ? 1 : 0);
        from -= IsCut(text, from) ? 1 : 0;
        int first = spans.FindIndex(token => token.Characters.End.Value > from);
        int last = spans.FindLastIndex(token => token.Characters.Start.Value < to);

        // A character that normalizing left out, as an accent that became one with its letter, is the token's before it.
        if (last >= 0 && (first < 0 || first > last))
            first = last;
        if (last < 0)
            throw new PromptException($"No token of \"{text}\" stands for characters {from} to {to}.");
        return (before + first)..(before + last + 1);
    }

    private static bool IsCut(string text, int index) => index > 0 && index < text.Length && char.IsSurrogatePair(text, index - 1);
}
