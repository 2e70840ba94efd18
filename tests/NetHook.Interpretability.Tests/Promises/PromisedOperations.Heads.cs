namespace NetHook.Interpretability.Tests;

// Patching by head, by gradient and by path: on models with named heads.
internal static partial class PromisedOperations
{
    private static IEnumerable<Promised> Heads =>
    [
        new("new HeadPatcher(LanguageModel)", s => _ => Make(new HeadPatcher(s.Language)), _ => Make(new HeadPatcher(null!))),
        new(
            "HeadPatcher.Patch(string, string, HeadPart, PatchOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new HeadPatcher(s.Language).Patch(Speaking.Prompt, Counterfactual, HeadPart.Output, Patching, cancellation: cancellation),
            s => new HeadPatcher(s.Language).Patch("", Counterfactual),
            s => new HeadPatcher(s.Language).Patch(LongText, LongText, options: new() { CleanAnswer = "a", CounterfactualAnswer = "b" })),
        new(
            "HeadPatcher.PatchEachToken(string, string, HeadPart, PatchOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new HeadPatcher(s.Language).PatchEachToken(Speaking.Prompt, Counterfactual, HeadPart.Key, Patching, cancellation: cancellation),
            s => new HeadPatcher(s.Language).PatchEachToken("", Counterfactual)),
        new(
            "HeadPatcher.PatchParts(string, string, IReadOnlyList<HeadPart>, PatchOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new HeadPatcher(s.Language).PatchParts(Speaking.Prompt, Counterfactual, [HeadPart.Query, HeadPart.Value], Patching, cancellation: cancellation),
            s => new HeadPatcher(s.Language).PatchParts(Speaking.Prompt, Counterfactual, [])),
        new("new AttributionPatcher(LanguageModel)", s => _ => Make(new AttributionPatcher(s.Language)), _ => Make(new AttributionPatcher(null!))),
        new(
            "AttributionPatcher.Estimate(string, string, AttributionOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new AttributionPatcher(s.Language).Estimate(Speaking.Prompt, Counterfactual, new() { Prompts = Patching }, cancellation: cancellation),
            s => new AttributionPatcher(s.Language).Estimate("", Counterfactual)),
        new("new PathPatcher(LanguageModel)", s => _ => Make(new PathPatcher(s.Language)), _ => Make(new PathPatcher(null!))),
        new(
            "PathPatcher.Patch(string, string, PathNode, PathNode, PathOptions, CancellationToken)",
            s => cancellation => new PathPatcher(s.Language).Patch(Speaking.Prompt, Counterfactual, PathNode.OfHead(0, 0), PathNode.OfMlp(2), new() { Prompts = Patching }, cancellation),
            s => new PathPatcher(s.Language).Patch("", Counterfactual, PathNode.OfHead(0, 0), PathNode.OfMlp(2))),
    ];
}
