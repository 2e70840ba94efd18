using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace NetHook.Interpretability;

public partial class Tokenizer
{
    // Many words are encoded before their tokens are handed on, so that a list is not made for each.
    private const int Batch = 4096;

    /// <summary>The tokens of a text, none added, each with all of its characters.</summary>
    private List<TokenSpan> Spans(string text)
    {
        List<TokenSpan> spans = [];
        Walk(
            text,
            (token, written) => spans.Add(new(token.Id, written.Text, written.Start(0)..written.End(written.Text.Length - 1))),
            (tokens, words) =>
            {
                foreach (BpeToken token in CollectionsMarshal.AsSpan(tokens))
                    spans.Add(new(token.Id, _tokens[token.Id], words.Start(token.Start)..words.End(token.End - 1)));
            });
        return spans;
    }

    /// <summary>
    /// Takes a text apart: added tokens are cut out as they are written, each part between them is normalized by itself, added
    /// tokens are cut out of what that gives, and the rest is cut into words and encoded.
    /// </summary>
    private void Walk(string text, Action<AddedToken, AlignedText> onAdded, Action<List<BpeToken>, AlignedText> onTokens)
    {
        CheckUnicode(text);
        try
        {
            foreach ((int start, int end, AddedToken? added) in _raw.Split(text))
            {
                var part = AlignedText.Of(text, start, end - start);
                if (added is not null)
                {
                    onAdded(added, part);
                    continue;
                }

                part = Normalize(part);
                foreach ((int from, int to, AddedToken? normalized) in _normalized.Split(part.Text))
                {
                    AlignedText piece = part.Slice(from, to - from);
                    if (normalized is not null)
                        onAdded(normalized, piece);
                    else
                        EncodeWords(piece, onTokens);
                }
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidOperationException(
                $"The expression '{e.Pattern}', by which this tokenizer cuts words, took more than {e.MatchTimeout.TotalSeconds} s on this text. Use a tokenizer with another expression.", e);
        }
    }

    private void EncodeWords(AlignedText text, Action<List<BpeToken>, AlignedText> onTokens)
    {
        var words = Words.One(text);
        words = _parts.PreTokenizer?.Apply(words) ?? words;
        List<BpeToken> tokens = [];
        int start = 0;
        foreach (int end in words.Ends)
        {
            int first = tokens.Count;
            _parts.Model.Encode(words.Text.Text.AsSpan(start, end - start), tokens);
            foreach (ref BpeToken token in CollectionsMarshal.AsSpan(tokens)[first..])
                token = token.Moved(start);
            start = end;
            if (tokens.Count > Batch)
            {
                onTokens(tokens, words.Text);
                tokens.Clear();
            }
        }

        onTokens(tokens, words.Text);
    }

    /// <summary>Whether a text has no half of a surrogate pair.</summary>
    internal static bool IsUnicode(string text) => LoneSurrogate(text) < 0;

    private static void CheckUnicode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (LoneSurrogate(text) is var at and >= 0)
            throw new ArgumentException($"The text is not Unicode: character {at} (U+{(int)text[at]:X4}) is half a surrogate pair.");
    }

    private static int LoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                i++;
            else if (char.IsSurrogate(text[i]))
                return i;
        }

        return -1;
    }
}
