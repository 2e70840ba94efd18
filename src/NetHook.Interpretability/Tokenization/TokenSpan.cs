namespace NetHook.Interpretability;

/// <summary>A token of an encoded text, with the part of the text that it stands for.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Token">The token as the tokenizer's files write it: <c>"Ġcapital"</c>, not <c>" capital"</c>.</param>
/// <param name="Characters">
/// The characters of the text that the token stands for. Tokens that share a character have it both. Empty for a token
/// that is not of the text, as the one that begins it.
/// </param>
public readonly record struct TokenSpan(int Id, string Token, Range Characters);
