using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>The texts that <c>nethook generate</c> wrote. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Steering">The vectors that were added.</param>
/// <param name="Texts">The prompts with what was added to each.</param>
/// <param name="Saved">The file of --out, or null.</param>
internal sealed record GenerateReport(string Model, IReadOnlyList<SteeringItem> Steering, IReadOnlyList<GeneratedText> Texts, string? Saved);

/// <summary>A vector that was added to what a layer gave.</summary>
internal sealed record SteeringItem(string File, string Layer, double Strength, long Features);

/// <summary>A prompt, and what was added to it.</summary>
internal sealed record GeneratedText(string Prompt, string Text, IReadOnlyList<GeneratedItem> Tokens);

/// <summary>A token that was added.</summary>
internal sealed record GeneratedItem(int Id, string Text, double Probability, IReadOnlyList<NextToken> Alternatives);
