namespace NetHook.Interpretability;

/// <summary>The effect of a vector at one strength.</summary>
/// <param name="Strength">How much of it was added; 0 is the model as it is.</param>
/// <param name="Random">Whether it was the random vector.</param>
/// <param name="Measure">The mean of the measure over the prompts; null if no answer was given.</param>
/// <param name="Texts">How each prompt goes on; none if none was continued.</param>
public sealed record SteeringOutcome(double Strength, bool Random, double? Measure, IReadOnlyList<string> Texts);
