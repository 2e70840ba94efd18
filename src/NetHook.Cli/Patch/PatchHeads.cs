using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook patch --kind head|q|k|v|pattern</c>: one part of each head.</summary>
internal static class PatchHeads
{
    public static void Run(PatchAsked asked, HeadPart part)
    {
        HeadPatch patch = WorkProgress.Show(asked.Context, "Patching heads", progress => new HeadPatcher(asked.Model).Patch(
            asked.Prompt, asked.Counterfactual, part, asked.Options, progress, asked.Context.Cancellation));
        PromptPair pair = patch.Pair;
        var report = new PatchReport(
            asked.Folder,
            pair.CleanPrompt,
            pair.CounterfactualPrompt,
            new(pair.CleanAnswerId, pair.CleanAnswer),
            new(pair.CounterfactualAnswerId, pair.CounterfactualAnswer),
            pair.CleanLogitDifference,
            pair.CounterfactualLogitDifference,
            pair.Tokens,
            [new(PatchKindOption.NameOf(part), 1, patch.LogitDifferences.Rows(), patch.Normalized().Rows())],
            asked.Path);
        HeatMap[] maps = [PatchView.Map(part, "patched", pair, patch.Normalized())];
        asked.Save(report, maps, file => PatchView.SaveHeadsCsv(file, report));
        asked.Write(report, () => PatchView.Write(asked.Context.Out, report, maps));
    }
}
