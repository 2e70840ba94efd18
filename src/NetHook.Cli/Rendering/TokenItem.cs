using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>A token.</summary>
internal sealed record TokenItem(int Id, string Text)
{
    /// <summary>Tokens by their ids.</summary>
    public static IReadOnlyList<TokenItem> AllOf(Tokenizer tokenizer, IEnumerable<int> ids) => [.. ids.Select(id => new TokenItem(id, tokenizer.TokenText(id)))];

    /// <summary>Tokens by their ids and texts.</summary>
    public static IReadOnlyList<TokenItem> Pair(IEnumerable<int> ids, IEnumerable<string> texts) => [.. ids.Zip(texts, (id, text) => new TokenItem(id, text))];
}
