using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>The vector that <c>nethook steer make</c> saved. The property names are those of its JSON.</summary>
internal sealed record SteerMakeReport(string Model, string Layer, string Method, double Norm, long Features, string Saved);

/// <summary>What <c>nethook steer try</c> saw. The property names are those of its JSON.</summary>
internal sealed record SteerTryReport(
    string Model, string Layer, string? Method, double Norm, long Seed, string? Measured, IReadOnlyList<string> Prompts, IReadOnlyList<SteeringOutcome> Outcomes);
