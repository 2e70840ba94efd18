namespace NetHook.Interpretability;

public partial class Tokenizer
{
    /// <summary>The tokens that follow a prompt's if a text goes on with a continuation.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="continuation">What follows, such as <c>" Paris"</c>.</param>
    /// <remarks>Alone, a text may begin with other tokens: some vocabularies put a space before each text.</remarks>
    internal IReadOnlyList<int> EncodeContinuation(string prompt, IReadOnlyList<int> tokens, string continuation)
    {
        IReadOnlyList<int> all = Encode(prompt + continuation);
        int after = _parts.Template.After.Count, before = tokens.Count - after;
        return all.Take(before).SequenceEqual(tokens.Take(before))
            ? [.. all.Skip(before).SkipLast(after)]
            : Encode(continuation, addSpecialTokens: false);
    }

    /// <summary>The tokens that the files put before each text.</summary>
    internal IEnumerable<int> BeginIds => _parts.Template.Before.Select(token => token.Id);

    /// <summary>The one token of an answer to a prompt.</summary>
    /// <exception cref="PromptException">It is none or several.</exception>
    internal int SingleToken(string prompt, IReadOnlyList<int> tokens, string answer)
    {
        IReadOnlyList<int> ids = EncodeContinuation(prompt, tokens, answer);
        return ids.Count == 1 ? ids[0] : throw new PromptException(
            $"The answer \"{answer}\" is {ids.Count} tokens ({string.Join(", ", ids.Select(id => $"\"{TextOf(id)}\""))}). "
            + (ids.Count == 0 ? "Give a token." : "Give the first, and mind the space before a word."));
    }

    /// <summary>What tokens add to a text that other tokens begin, spaces included.</summary>
    internal string DecodeContinuation(IReadOnlyList<int> tokens, IReadOnlyList<int> added)
    {
        string before = Decode(tokens), all = Decode([.. tokens, .. added]);
        return all.StartsWith(before, StringComparison.Ordinal) ? all[before.Length..] : Decode(added);
    }
}
