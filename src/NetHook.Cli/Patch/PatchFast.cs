using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook patch --fast</c>: estimates of all heads, and the exact values of the strongest.</summary>
internal static class PatchFast
{
    public static void Run(PatchAsked asked, AttributionOptions options)
    {
        AttributionPatch patch = WorkProgress.Show(asked.Context, "Estimating heads", progress => new AttributionPatcher(asked.Model).Estimate(
            asked.Prompt, asked.Counterfactual, options with { Prompts = asked.Options }, progress, asked.Context.Cancellation));
        PromptPair pair = patch.Pair;
        var report = new PatchFastReport(
            asked.Folder,
            pair.CleanPrompt,
            pair.CounterfactualPrompt,
            new(pair.CleanAnswerId, pair.CleanAnswer),
            new(pair.CounterfactualAnswerId, pair.CounterfactualAnswer),
            pair.CleanLogitDifference,
            pair.CounterfactualLogitDifference,
            pair.Tokens,
            patch.GradDrop,
            patch.Verified,
            patch.Recall,
            [.. patch.Nodes.Select(node => new PatchFastNode(
                PatchKindOption.NameOf(node.Part), node.Layer, node.Head, pair.Tokens.ToList().IndexOf(node.Token), node.Estimate, node.Strength, node.Exact))],
            asked.Path);
        HeadPart part = options.Parts[0];
        asked.Save(
            report,
            [PatchView.Map(part, "patched, estimated, summed over tokens", pair, patch.Normalized(part))],
            file => SaveCsv(file, report));
        asked.Write(report, () => asked.WriteText(patch));
    }

    private static void SaveCsv(string path, PatchFastReport report) => Csv.Save(
        path,
        ["kind", "layer", "head", "counterfactual_position", "counterfactual_token", "estimate", "strength", "exact"],
        from node in report.Nodes
        let token = report.Tokens[node.Token]
        select new object[] { node.Kind, node.Layer, node.Head, token.CounterfactualPosition, token.CounterfactualText, node.Estimate, node.Strength, node.Exact is { } exact ? exact : "" });
}
