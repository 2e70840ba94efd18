namespace NetHook.Interpretability;

/// <summary>What a tokenizer's file says about its <see cref="BpeModel"/>.</summary>
internal sealed class BpeOptions
{
    /// <summary>The token for characters that the vocabulary lacks, or null: they are left out.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether neighbours that are unknown are one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown character is its UTF-8 bytes, as tokens named <c>&lt;0x0A&gt;</c>.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token is that, whatever the merges give.</summary>
    public bool IgnoreMerges { get; init; }
}
