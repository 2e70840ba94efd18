namespace NetHook.Cli;

/// <summary>What <c>nethook causal-trace</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Tokens">The tokens of the prompt.</param>
/// <param name="Subject">The positions of the subject's tokens, which were corrupted.</param>
/// <param name="Answer">The token whose probability was measured.</param>
/// <param name="CleanProbability">Its probability in the run as it is.</param>
/// <param name="CorruptedProbability">Its mean probability in the corrupted runs.</param>
/// <param name="Noise">The noise, in standard deviations of the embeddings.</param>
/// <param name="Samples">How many corrupted runs were averaged.</param>
/// <param name="Seed">The seed of the noise.</param>
/// <param name="Grids">The probability with states restored, for each kind of states.</param>
/// <param name="Saved">The file that the grids were saved to, or null.</param>
internal sealed record CausalTraceReport(
    string Model,
    string Prompt,
    IReadOnlyList<TokenItem> Tokens,
    IReadOnlyList<int> Subject,
    TokenItem Answer,
    double CleanProbability,
    double CorruptedProbability,
    double Noise,
    int Samples,
    long Seed,
    IReadOnlyList<CausalGrid> Grids,
    string? Saved);

/// <summary>The probability of the answer with states of one kind restored, by token, then by layer.</summary>
internal sealed record CausalGrid(string Kind, int Window, IReadOnlyList<IReadOnlyList<double>> Probabilities);
