namespace NetHook.Interpretability;

/// <summary>A prompt about another subject, which an edit is to leave alone.</summary>
/// <param name="Prompt">The prompt: <c>"The capital of Germany is"</c>.</param>
/// <param name="Answer">The answer to it: <c>" Berlin"</c>. Null is the token that the model says before the edit.</param>
public sealed record EditNeighbour(string Prompt, string? Answer = null);
