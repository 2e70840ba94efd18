using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>A token.</summary>
internal sealed record TokenItem(int Id, string Text)
{
    /// <summary>The tokens of a text.</summary>
    public static IReadOnlyList<TokenItem> AllOf(Gpt2Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text).Select(id => new TokenItem(id, tokenizer.TokenText(id)))];
}
