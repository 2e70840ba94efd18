using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook trace</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Tokens">The tokens of the prompt.</param>
/// <param name="StoppedAt">The layer that the pass was stopped at, or null.</param>
/// <param name="NextTokens">The tokens most likely to follow, most likely first; null where the pass was stopped.</param>
/// <param name="Layers">The layers that ran, in the order in which they began to.</param>
/// <param name="Saved">The file that the outputs were saved to, or null.</param>
internal sealed record TraceReport(
    string Model,
    string Prompt,
    IReadOnlyList<TokenItem> Tokens,
    string? StoppedAt,
    IReadOnlyList<NextToken>? NextTokens,
    IReadOnlyList<LayerActivation> Layers,
    string? Saved);

/// <summary>What a layer gave: its output's shape, and statistics over all elements of it.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Type">The layer's type.</param>
/// <param name="Shape">The output's shape.</param>
/// <param name="Mean">The mean of all elements.</param>
/// <param name="Std">Their standard deviation, about the mean, divided by their number.</param>
/// <param name="Norm">The square root of the sum of their squares.</param>
/// <param name="Milliseconds">How long the layer ran, with the layers inside it.</param>
internal sealed record LayerActivation(string Layer, string Type, IReadOnlyList<long> Shape, double Mean, double Std, double Norm, double Milliseconds);
