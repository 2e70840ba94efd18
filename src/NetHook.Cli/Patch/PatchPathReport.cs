using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook patch --from --to</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The clean prompt.</param>
/// <param name="Counterfactual">The counterfactual prompt.</param>
/// <param name="Answer">The answer to the clean prompt.</param>
/// <param name="CounterfactualAnswer">The answer to the counterfactual prompt.</param>
/// <param name="LogitDifference">The logit of the clean answer less that of the other, in the clean run.</param>
/// <param name="CounterfactualLogitDifference">The same in the counterfactual run.</param>
/// <param name="Tokens">The tokens that stand for each other.</param>
/// <param name="Sender">Where the path begins.</param>
/// <param name="Receiver">Where it ends.</param>
/// <param name="PathLogitDifference">The logit difference with the path patched.</param>
/// <param name="Recovered">The same on the scale of 0, the counterfactual run, to 1, the clean one.</param>
/// <param name="Saved">The file that this was saved to, or null.</param>
internal sealed record PatchPathReport(
    string Model,
    string Prompt,
    string Counterfactual,
    TokenItem Answer,
    TokenItem CounterfactualAnswer,
    double LogitDifference,
    double CounterfactualLogitDifference,
    IReadOnlyList<PatchedToken> Tokens,
    string Sender,
    string Receiver,
    double PathLogitDifference,
    double Recovered,
    string? Saved);
