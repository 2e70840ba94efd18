namespace NetHook.Interpretability;

/// <summary>
/// The estimates of attribution patching: by how much each part of each head at each token, taken from the clean run, would change the logit
/// difference of the counterfactual one, with the exact change of the strongest. <see cref="ToString"/> lists them. Immutable; holds no
/// tensors.
/// </summary>
public sealed record AttributionPatch
{
    internal AttributionPatch()
    {
    }

    /// <summary>The prompts, their answers, and the logit differences of the two runs.</summary>
    public required PromptPair Pair { get; init; }

    /// <summary>All nodes, the strongest first.</summary>
    public required IReadOnlyList<AttributedNode> Nodes { get; init; }

    /// <summary>How many nodes, the first of <see cref="Nodes"/>, were patched exactly.</summary>
    public required int Verified { get; init; }

    /// <summary>Whether the nodes are ranked by GradDrop.</summary>
    public required bool GradDrop { get; init; }

    /// <summary>
    /// How well the estimates rank what was verified: <see cref="RecallOf"/> half of the verified nodes (rounded up). It is 1 if the half
    /// with the largest exact changes is the half with the largest estimates.
    /// </summary>
    public double Recall => RecallOf((Verified + 1) / 2);

    /// <summary>Of the verified nodes with the largest exact changes, the share that is among the first of the estimates.</summary>
    /// <param name="count">How many are looked for, and how many first estimates they are looked for in.</param>
    /// <returns>
    /// 0 to 1. It is the recall among all nodes if all are verified. Otherwise it says nothing of nodes that were not: verify more
    /// (<see cref="AttributionOptions.Top"/>) if it is low.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1, or more than were verified.</exception>
    public double RecallOf(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Verified);
        return (double)Enumerable.Range(0, Verified).OrderByDescending(i => Math.Abs(Nodes[i].Exact!.Value)).Take(count).Count(i => i < count) / count;
    }

    /// <summary>The estimates of one part, summed over the tokens: what patching a head at all of them would do if tokens did not interact.</summary>
    /// <param name="part">The part.</param>
    /// <returns>The changes by layer and head.</returns>
    /// <exception cref="ArgumentException">The part was not estimated.</exception>
    public HeadGrid ByHead(HeadPart part)
    {
        AttributedNode[] nodes = [.. Nodes.Where(node => node.Part == part)];
        if (nodes.Length == 0)
            throw new ArgumentException($"The {HeadParts.NameOf(part)} of heads were not estimated. Name them in AttributionOptions.Parts.", nameof(part));
        var sums = nodes.GroupBy(node => (node.Layer, node.Head)).ToDictionary(group => group.Key, group => group.Sum(node => node.Estimate));
        return new(nodes.Max(node => node.Layer) + 1, nodes.Max(node => node.Head) + 1, (layer, head) => sums.GetValueOrDefault((layer, head)));
    }

    /// <summary>The same as a share of the difference between the two runs: 1 would bring the counterfactual run to the clean one.</summary>
    /// <param name="part">The part.</param>
    /// <returns>The shares by layer and head.</returns>
    /// <exception cref="ArgumentException">The part was not estimated.</exception>
    public HeadGrid Normalized(HeadPart part) =>
        ByHead(part).Select(estimate => estimate / (Pair.CleanLogitDifference - Pair.CounterfactualLogitDifference));

    /// <summary>The verified nodes with their estimated and exact changes, and the recall.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        string[] columns = GradDrop ? ["estimate", "exact", "GradDrop"] : ["estimate", "exact"];
        string Cell(AttributedNode node, int column) => TextTable.Number(column switch { 0 => node.Estimate, 1 => node.Exact!.Value, _ => node.Strength }, 3);
        return $"""
            {Pair}
            Of {Nodes.Count} nodes, the {Verified} strongest by the estimate, and how each clean one changes the difference in that run:

            {TextTable.Draw([.. Nodes.Take(Verified).Select(node => node.ToString())], columns, (row, column) => Cell(Nodes[row], column))}

            Recall among the verified: {TextTable.Number(Recall, 2)} of the {(Verified + 1) / 2} with the largest exact changes are among the first {(Verified + 1) / 2}.
            """.ReplaceLineEndings("\n");
    }
}
