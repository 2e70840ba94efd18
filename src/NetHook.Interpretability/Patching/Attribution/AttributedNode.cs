namespace NetHook.Interpretability;

/// <summary>One part of one attention head at one token, and what patching it is estimated to do.</summary>
/// <param name="Part">The part of the head.</param>
/// <param name="Layer">The layer, from 0.</param>
/// <param name="Head">The head in the layer, from 0.</param>
/// <param name="Token">The token; for a pattern the one that looks.</param>
/// <param name="Estimate">The estimated change of the logit difference.</param>
/// <param name="Strength">The number that nodes are ranked by: the size of the estimate, or with GradDrop the mean size of those with a layer dropped.</param>
/// <param name="Exact">The change of the logit difference when the node was patched; null if it was not.</param>
public sealed record AttributedNode(HeadPart Part, int Layer, int Head, PatchedToken Token, double Estimate, double Strength, double? Exact)
{
    /// <summary>"outputs 3.1 at " France"".</summary>
    public override string ToString() => FormattableString.Invariant($"{HeadParts.NameOf(Part)} {Layer}.{Head} at {TextTable.Quote(Token.CounterfactualText)} ({Token.CounterfactualPosition})");
}
