namespace NetHook.Interpretability;

/// <summary>A token that a model added to a prompt.</summary>
/// <param name="Row">The number of the prompt, of those that were given.</param>
/// <param name="Id">The token's id.</param>
/// <param name="Text">
/// The text that it adds. The texts of all tokens of a row together are the text. If several tokens make one character, the last
/// of them has it, and the others are empty.
/// </param>
/// <param name="Probability">The token's probability by the model's logits, whatever temperature it was drawn with.</param>
/// <param name="Alternatives">The tokens most likely at this place, most likely first: as many as <see cref="GenerationOptions.Alternatives"/> says.</param>
public sealed record GeneratedToken(int Row, int Id, string Text, double Probability, IReadOnlyList<NextToken> Alternatives);
