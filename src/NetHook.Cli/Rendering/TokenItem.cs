using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>A token.</summary>
internal sealed record TokenItem(int Id, string Text)
{
    /// <summary>The tokens of a text.</summary>
    public static IReadOnlyList<TokenItem> AllOf(Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text).Select(id => new TokenItem(id, tokenizer.TokenText(id)))];

    /// <summary>The token that answers a prompt: the one given, or else what the model predicts.</summary>
    /// <exception cref="ToolException">What is given is not one token.</exception>
    public static TokenItem Answer(LanguageModel model, string prompt, string? given)
    {
        if (given is null)
        {
            NextToken likeliest = model.NextTokens(prompt, 1)[0];
            return new(likeliest.Id, likeliest.Text);
        }

        IReadOnlyList<TokenItem> tokens = AllOf(model.Tokenizer, given);
        return tokens.Count == 1 ? tokens[0] : throw new ToolException(
            $"The answer \"{given}\" is {tokens.Count} tokens ({string.Join(", ", tokens.Select(token => Tokens.Quote(token.Text)))}). Give the first, and mind the space before a word.");
    }
}
