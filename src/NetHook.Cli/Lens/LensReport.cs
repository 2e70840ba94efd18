using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook lens</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Tokens">The tokens of the prompt.</param>
/// <param name="Layers">The layers, from the embeddings on.</param>
internal sealed record LensReport(string Model, string Prompt, IReadOnlyList<TokenItem> Tokens, IReadOnlyList<LensLayer> Layers);

/// <summary>What a layer would predict behind each token of the prompt, most likely first.</summary>
internal sealed record LensLayer(string Layer, IReadOnlyList<IReadOnlyList<NextToken>> Predictions);
