namespace NetHook.Interpretability;

/// <summary>A token that a model predicts, with its probability.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Text">The token's text, as in <c>" Paris"</c>; where the tokenizer has none for the id, <c>&lt;id&gt;</c>.</param>
/// <param name="Probability">The probability, 0 to 1.</param>
public sealed record NextToken(int Id, string Text, double Probability);
