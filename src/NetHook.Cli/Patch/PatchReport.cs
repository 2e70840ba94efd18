namespace NetHook.Cli;

/// <summary>What <c>nethook patch</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The clean prompt.</param>
/// <param name="Counterfactual">The counterfactual prompt.</param>
/// <param name="Answer">The answer to the clean prompt.</param>
/// <param name="CounterfactualAnswer">The answer to the counterfactual prompt.</param>
/// <param name="LogitDifference">The logit of the clean answer less that of the other, in the clean run.</param>
/// <param name="CounterfactualLogitDifference">The same in the counterfactual run.</param>
/// <param name="Tokens">The tokens that were patched.</param>
/// <param name="Grids">The logit difference with states patched, for each kind of states.</param>
/// <param name="Saved">The file that the grids were saved to, or null.</param>
internal sealed record PatchReport(
    string Model,
    string Prompt,
    string Counterfactual,
    TokenItem Answer,
    TokenItem CounterfactualAnswer,
    double LogitDifference,
    double CounterfactualLogitDifference,
    IReadOnlyList<NetHook.Interpretability.PatchedToken> Tokens,
    IReadOnlyList<PatchGrid> Grids,
    string? Saved);

/// <summary>
/// The logit difference in the counterfactual run with states of one kind from the clean one, by token, then by layer; and
/// the share of the clean answer that they bring back, 0 as in the counterfactual run and 1 as in the clean one.
/// </summary>
internal sealed record PatchGrid(
    string Kind, int Window, IReadOnlyList<IReadOnlyList<double>> LogitDifferences, IReadOnlyList<IReadOnlyList<double>> Recovered);
