namespace NetHook.Interpretability;

/// <summary>What a tokenizer's files say, in the order in which a text meets it.</summary>
internal sealed class TokenizerParts
{
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public Normalizer? Normalizer { get; init; }

    public PreTokenizer? PreTokenizer { get; init; }

    public required BpeModel Model { get; init; }

    public Template Template { get; init; } = Template.None;

    /// <summary>The steps of decoding, or null: tokens are joined with spaces.</summary>
    public IReadOnlyList<Decoder>? Decoders { get; init; }

    /// <summary>The token that ends a document, or null.</summary>
    public int? EndOfText { get; init; }

    /// <summary>The files that were read or belong to them, by name; empty for a tokenizer that was made in code.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
}
