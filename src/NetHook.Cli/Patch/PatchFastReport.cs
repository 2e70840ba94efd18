using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook patch --fast</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Prompt">The clean prompt.</param>
/// <param name="Counterfactual">The counterfactual prompt.</param>
/// <param name="Answer">The answer to the clean prompt.</param>
/// <param name="CounterfactualAnswer">The answer to the counterfactual prompt.</param>
/// <param name="LogitDifference">The logit of the clean answer less that of the other, in the clean run.</param>
/// <param name="CounterfactualLogitDifference">The same in the counterfactual run.</param>
/// <param name="Tokens">The tokens that stand for each other.</param>
/// <param name="GradDrop">Whether nodes are ranked by GradDrop.</param>
/// <param name="Verified">How many of the first nodes were patched exactly.</param>
/// <param name="Recall">How well the estimates ranked those, 0 to 1.</param>
/// <param name="Nodes">All nodes, the strongest first.</param>
/// <param name="Saved">The file that the nodes were saved to, or null.</param>
internal sealed record PatchFastReport(
    string Model,
    string Prompt,
    string Counterfactual,
    TokenItem Answer,
    TokenItem CounterfactualAnswer,
    double LogitDifference,
    double CounterfactualLogitDifference,
    IReadOnlyList<PatchedToken> Tokens,
    bool GradDrop,
    int Verified,
    double Recall,
    IReadOnlyList<PatchFastNode> Nodes,
    string? Saved);

/// <summary>One part of a head at one token, and the changes of the logit difference by it.</summary>
internal sealed record PatchFastNode(string Kind, int Layer, int Head, int Token, double Estimate, double Strength, double? Exact);
