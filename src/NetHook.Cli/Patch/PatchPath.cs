using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook patch --from NODE --to NODE</c>: one path.</summary>
internal static class PatchPath
{
    public static void Run(PatchAsked asked, PathNode sender, PathNode receiver)
    {
        PathPatch patch = new PathPatcher(asked.Model).Patch(
            asked.Prompt, asked.Counterfactual, sender, receiver, new() { Prompts = asked.Options }, asked.Context.Cancellation);
        PromptPair pair = patch.Pair;
        var report = new PatchPathReport(
            asked.Folder,
            pair.CleanPrompt,
            pair.CounterfactualPrompt,
            new(pair.CleanAnswerId, pair.CleanAnswer),
            new(pair.CounterfactualAnswerId, pair.CounterfactualAnswer),
            pair.CleanLogitDifference,
            pair.CounterfactualLogitDifference,
            pair.Tokens,
            $"{sender}",
            $"{receiver}",
            patch.LogitDifference,
            patch.Normalized,
            asked.Path);
        if (asked.Path is not null)
            ReportJson.Save(asked.Path, report);
        asked.Write(report, () => asked.WriteText(patch));
    }
}
