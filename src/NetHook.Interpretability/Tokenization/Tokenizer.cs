using System.Runtime.InteropServices;

namespace NetHook.Interpretability;

/// <summary>
/// A tokenizer of byte-pair encoding, as language models have it: text becomes the ids of tokens, and these become text.
/// Immutable: several threads may use it at once.
/// </summary>
public partial class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenFinder _raw, _normalized;
    private readonly Dictionary<int, string> _tokens;
    private readonly HashSet<int> _special;
    private readonly IReadOnlyList<Decoder> _display;

    private protected Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _tokens = new(parts.Model.Vocabulary.Count + parts.AddedTokens.Count);
        foreach ((string token, int id) in parts.Model.Vocabulary)
            _tokens.Add(id, token);
        foreach (AddedToken token in parts.AddedTokens)
            _tokens[token.Id] = token.Content;

        _raw = new(parts.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalized = new(parts.AddedTokens.Where(token => token.Normalized).Select(token => (Normalize(AlignedText.Of(token.Content, 0, token.Content.Length)).Text, token)));
        _special = [.. parts.AddedTokens.Where(token => token.Special).Select(token => token.Id)];
        _display = [.. (parts.Decoders ?? []).Where(step => step is not StripDecoder)];
        LargestId = _tokens.Keys.DefaultIfEmpty(-1).Max();
    }

    /// <summary>The number of tokens, added ones included.</summary>
    public int VocabularySize => _tokens.Count;

    /// <summary>
    /// The id of the token that ends a document: the <c>eos_token</c> of the files, or <c>&lt;|endoftext|&gt;</c>; null if
    /// there is neither.
    /// </summary>
    public int? EndOfTextId => _parts.EndOfText;

    internal int LargestId { get; }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">The text. Added tokens in it, such as <c>&lt;|endoftext|&gt;</c>, are those tokens.</param>
    /// <param name="addSpecialTokens">Whether the tokens are added that the files put around each text, as the one that
    /// begins it in Llama's. Many tokenizers have none.</param>
    /// <returns>The ids of its tokens.</returns>
    /// <exception cref="ArgumentException">The text is not Unicode: it has half a surrogate pair.</exception>
    /// <exception cref="InvalidOperationException">The expression that the files cut words by takes too long on this text.</exception>
    public IReadOnlyList<int> Encode(string text, bool addSpecialTokens = true)
    {
        List<int> ids = [];
        if (addSpecialTokens)
            ids.AddRange(_parts.Template.Before.Select(token => token.Id));
        Walk(text, (token, _) => ids.Add(token.Id), (tokens, _) =>
        {
            foreach (BpeToken token in CollectionsMarshal.AsSpan(tokens))
                ids.Add(token.Id);
        });
        if (addSpecialTokens)
            ids.AddRange(_parts.Template.After.Select(token => token.Id));
        return ids;
    }

    /// <summary>Encodes a text, and says which characters each token stands for.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">As for <see cref="Encode"/>.</param>
    /// <returns>
    /// The tokens that <see cref="Encode"/> gives. If the files say so (GPT-NeoX's do), the spaces at the ends of a token are
    /// not among its characters; <see cref="TokenRange(string, string, bool)"/> counts them all the same.
    /// </returns>
    /// <exception cref="ArgumentException">The text is not Unicode: it has half a surrogate pair.</exception>
    /// <exception cref="InvalidOperationException">The expression that the files cut words by takes too long on this text.</exception>
    public IReadOnlyList<TokenSpan> EncodeWithOffsets(string text, bool addSpecialTokens = true)
    {
        List<TokenSpan> spans = Spans(text);
        if (_parts.Template.TrimOffsets.Yes)
        {
            for (int i = 0; i < spans.Count; i++)
                spans[i] = _parts.Template.Trim(spans[i], i == 0, text);
        }

        return addSpecialTokens ? [.. _parts.Template.Before, .. spans, .. _parts.Template.After] : spans;
    }

    /// <summary>Decodes ids.</summary>
    /// <param name="ids">The ids. Bytes that are not UTF-8, as where a character is cut, give U+FFFD.</param>
    /// <param name="skipSpecialTokens">Whether special tokens, such as the one that ends a text, are left out.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        List<string> tokens = [];
        foreach (int id in ids)
        {
            string token = Token(id);
            if (!skipSpecialTokens || !_special.Contains(id))
                tokens.Add(token);
        }

        return _parts.Decoders is null ? string.Join(' ', tokens) : Decode(tokens, _parts.Decoders);
    }

    /// <summary>The text of one token, for display: <c>" capital"</c> where the files write <c>Ġcapital</c> or <c>▁capital</c>.</summary>
    /// <param name="id">The token's id.</param>
    /// <returns>The text. A token that is a part of a character gives U+FFFD.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string TokenText(int id) => Decode([Token(id)], _display);

    /// <summary>The id of a token.</summary>
    /// <param name="token">The token as the files write it: <c>"Ġcapital"</c>, <c>"&lt;|im_end|&gt;"</c>.</param>
    /// <returns>The id, or null if there is no such token.</returns>
    public int? TokenId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _parts.Model.Vocabulary.TryGetValue(token, out int id) ? id : _parts.AddedTokens.FirstOrDefault(added => added.Content == token)?.Id;
    }

    /// <summary>Whether the vocabulary has an id.</summary>
    internal bool Knows(int id) => _tokens.ContainsKey(id);

    /// <summary>The token's text, or its id in angle brackets where the vocabulary is smaller than the model's.</summary>
    internal string TextOf(int id) => _tokens.ContainsKey(id) ? TokenText(id) : $"<{id}>";

    private static string Decode(List<string> tokens, IReadOnlyList<Decoder> steps) =>
        string.Concat(steps.Aggregate(tokens, (pieces, step) => step.Apply(pieces)));

    private string Token(int id) => _tokens.TryGetValue(id, out string? token)
        ? token
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"No token of this vocabulary of {VocabularySize} has this id.");

    private AlignedText Normalize(AlignedText text) => _parts.Normalizer?.Apply(text) ?? text;
}
