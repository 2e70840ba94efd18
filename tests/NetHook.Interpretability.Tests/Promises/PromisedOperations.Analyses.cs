using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

// Causal tracing, patching, the lens, statistics and steering.
internal static partial class PromisedOperations
{
    private const string Counterfactual = "The capital of Spain is";

    private static IEnumerable<Promised> Analyses =>
    [
        new(
            "LogitLens.Run(LanguageModel, string, int, CancellationToken)",
            s => cancellation => LogitLens.Run(s.Language, Speaking.Prompt, 2, cancellation),
            s => LogitLens.Run(s.Language, ""),
            s => LogitLens.Run(s.Language, LongText),
            s => LogitLens.Run(s.Language, "The", 0)),
        new("new CausalTracer(LanguageModel)", s => _ => Make(new CausalTracer(s.Language)), _ => Make(new CausalTracer(null!))),
        new(
            "new CausalTracer(Module<Tensor, Tensor>, TransformerLayout)",
            s => _ => Make(new CausalTracer(s.Model, s.Language.Layout)),
            s => Make(new CausalTracer(s.Model, s.Language.Layout with { Layers = 9 }))),
        new(
            "CausalTracer.Trace(string, string, CausalTraceOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new CausalTracer(s.Language).Trace(Speaking.Prompt, Speaking.Subject, new() { Samples = 2 }, cancellation: cancellation),
            s => new CausalTracer(s.Language).Trace(Speaking.Prompt, "Atlantis"),
            s => new CausalTracer(s.Language).Trace(Speaking.Prompt, Speaking.Subject, new() { Samples = 0 })),
        new(
            "CausalTracer.Trace(IReadOnlyList<int>, Range, Tensor, CausalTraceOptions, IProgress<double>, CancellationToken)",
            s =>
            {
                Tensor noise = s.Own(ones(2, 1, 12));
                return cancellation => new CausalTracer(s.Language).Trace([1, 2, 3], 1..2, noise, new() { Kind = StateKind.Mlp }, cancellation: cancellation);
            },
            s => new CausalTracer(s.Language).Trace([1, 2, 3], 1..2, s.Input),
            s => new CausalTracer(s.Language).Trace([1, 99_999, 3], 1..2, s.Own(ones(2, 1, 12))),
            s => new CausalTracer(s.Language).Trace([.. Enumerable.Repeat(1, 99)], 1..2, s.Own(ones(2, 1, 12)))),
        new(
            "CausalTracer.TraceKinds(string, string, IReadOnlyList<StateKind>, CausalTraceOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new CausalTracer(s.Language).TraceKinds(
                Speaking.Prompt, Speaking.Subject, [StateKind.Hidden, StateKind.Attention], new() { Samples = 2 }, cancellation: cancellation),
            s => new CausalTracer(s.Language).TraceKinds(Speaking.Prompt, "Atlantis", [StateKind.Hidden])),
        new("new ActivationPatcher(LanguageModel)", s => _ => Make(new ActivationPatcher(s.Language)), _ => Make(new ActivationPatcher(null!))),
        new(
            "ActivationPatcher.Patch(string, string, PatchOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new ActivationPatcher(s.Language).Patch(Speaking.Prompt, Counterfactual, Patching, cancellation: cancellation),
            s => new ActivationPatcher(s.Language).Patch("", Counterfactual),
            s => new ActivationPatcher(s.Language).Patch(LongText, LongText, new() { CleanAnswer = "a", CounterfactualAnswer = "b" }),
            s => new ActivationPatcher(s.Language).Patch(Speaking.Prompt, Counterfactual, Patching with { CleanSubject = "Atlantis" })),
        new(
            "ActivationPatcher.PatchKinds(string, string, IReadOnlyList<StateKind>, PatchOptions, IProgress<double>, CancellationToken)",
            s => cancellation => new ActivationPatcher(s.Language).PatchKinds(
                Speaking.Prompt, Counterfactual, [StateKind.Mlp, StateKind.Attention], Patching, cancellation: cancellation),
            s => new ActivationPatcher(s.Language).PatchKinds(Speaking.Prompt, Counterfactual, [])),
        new(
            "KeyStatistics.Collect(LanguageModel, int, string, IProgress<double>, CancellationToken)",
            s => cancellation => KeyStatistics.Collect(s.Language, 2, LongText, cancellation: cancellation).Dispose(),
            s => KeyStatistics.Collect(s.Language, 9, LongText),
            s => KeyStatistics.Collect(s.Language, 2, "")),
        new(
            "new StatisticsJob(LanguageModel, Corpus, IEnumerable<string>, Func<string, RunningStatistic>, Shard)",
            s => _ => Make(new StatisticsJob(s.Language, Corpus.Text(LongText), [s.Layer], _ => new RunningMean())),
            s => Make(new StatisticsJob(s.Language, Corpus.Text(LongText), [s.Layer], _ => new RunningMean(), new(3, 2)))),
        new(
            "StatisticsJob.Run(string, IProgress<double>, CancellationToken)",
            s =>
            {
                string path = s.NewFile();
                return cancellation => Job(s).Run(path, cancellation: cancellation).Dispose();
            },
            s => Job(s).Run(Path.Combine(s.NewFile(), "nowhere")),
            s => new StatisticsJob(s.Language, Corpus.Text(LongText), ["nowhere"], _ => new RunningMean()).Run(),
            s => new StatisticsJob(
                s.Language, Corpus.Text(LongText), [s.Layer, s.Language.Layout.Block(2)], layer => layer == s.Layer ? new RunningMean() : throw new ArgumentException("by the caller")).Run()),
        new(
            "StatisticsFile.Merge(IReadOnlyList<string>, CancellationToken)",
            s =>
            {
                string[] paths = [.. Enumerable.Range(1, 2).Select(number => ShardOf(s, number))];
                return cancellation => StatisticsFile.Merge(paths, cancellation).Dispose();
            },
            _ => StatisticsFile.Merge([]),
            s => StatisticsFile.Merge([ShardOf(s, 1), s.NewFile()]),
            s =>
            {
                string twice = ShardOf(s, 1);
                StatisticsFile.Merge([twice, twice]);
            }),
        new(
            "StatisticsFile.IsOf(LanguageModel)",
            s =>
            {
                StatisticsFile file = s.Own(StatisticsFile.Load(ShardOf(s, 1)));
                return _ => file.IsOf(s.Language);
            },
            s => s.Own(StatisticsFile.Load(ShardOf(s, 1))).IsOf((LanguageModel)null!)),
        new(
            "new CausalTraceJob(LanguageModel, IReadOnlyList<FactPrompt>, IReadOnlyList<StateKind>, CausalTraceOptions, Shard)",
            s => _ => Make(new CausalTraceJob(s.Language, TracedFacts, [StateKind.Hidden])),
            s => Make(new CausalTraceJob(s.Language, TracedFacts, [StateKind.Hidden], shard: new(3, 2)))),
        new(
            "CausalTraceJob.Run(string, IProgress<double>, CancellationToken)",
            s =>
            {
                string path = s.NewFile();
                return cancellation => new CausalTraceJob(s.Language, TracedFacts, [StateKind.Hidden], new() { Samples = 2 }).Run(path, cancellation: cancellation);
            },
            s => new CausalTraceJob(s.Language, TracedFacts, [StateKind.Hidden]).Run(Path.Combine(s.NewFile(), "nowhere")),
            s => new CausalTraceJob(s.Language, [new(Speaking.Prompt, "Atlantis")], [StateKind.Hidden]).Run()),
        new(
            "CausalTraceFile.Merge(IReadOnlyList<string>, CancellationToken)",
            s =>
            {
                string path = FactTracesOf(s);
                return cancellation => CausalTraceFile.Merge([path], cancellation);
            },
            _ => CausalTraceFile.Merge([]),
            s => CausalTraceFile.Merge([FactTracesOf(s), s.NewFile()])),
        new(
            "CausalTraceFile.IsOf(LanguageModel)",
            s =>
            {
                var file = CausalTraceFile.Load(FactTracesOf(s));
                return _ => file.IsOf(s.Language);
            },
            s => CausalTraceFile.Load(FactTracesOf(s)).IsOf((LanguageModel)null!)),
        new(
            "SteeringVector.FromPairs(LanguageModel, IReadOnlyList<string>, IReadOnlyList<string>, int, SteeringMethod, IProgress<double>, CancellationToken)",
            s => cancellation => SteeringVector.FromPairs(s.Language, ["The"], ["France"], 1, cancellation: cancellation).Dispose(),
            s => SteeringVector.FromPairs(s.Language, ["The"], ["France"], 9)),
        new(
            "SteeringVector.FromPairs(LanguageModel, IReadOnlyList<string>, IReadOnlyList<string>, string, SteeringMethod, IProgress<double>, CancellationToken)",
            s => cancellation => SteeringVector.FromPairs(s.Language, ["The"], ["France"], s.Layer, cancellation: cancellation).Dispose(),
            s => SteeringVector.FromPairs(s.Language, ["The"], ["France"], "nowhere")),
        new(
            "SteeringTrial.Run(LanguageModel, SteeringVector, IReadOnlyList<string>, SteeringTrialOptions, IProgress<double>, CancellationToken)",
            s =>
            {
                SteeringVector vector = s.Own(Steering(s.Layer, 12));
                return cancellation => SteeringTrial.Run(s.Language, vector, ["The"], cancellation: cancellation);
            },
            s => SteeringTrial.Run(s.Language, s.Own(Steering(s.Layer, 12)), [])),
        new(
            "SteeringVector.Attach(Module, double, TokenPart, TraceScope)",
            s =>
            {
                SteeringVector vector = s.Own(Steering(s.Layer, 12));
                return _ =>
                {
                    using Trace steer = vector.Attach(s.Model, 2);
                    s.Pass();
                };
            },
            s => s.Own(Steering("nowhere", 12)).Attach(s.Model),
            s =>
            {
                using Trace steer = s.Own(Steering(s.Layer, 3)).Attach(s.Model);
                s.Pass();
            }),
    ];

    private static PatchOptions Patching { get; } = new() { CleanAnswer = "a", CounterfactualAnswer = "b", CleanSubject = "France", CounterfactualSubject = "Spain" };

    private static string LongText { get; } = string.Concat(Enumerable.Repeat(Tests.Editing.Text, 20));

    private static StatisticsJob Job(PromiseSubject s, Shard? shard = null) =>
        new(s.Language, Corpus.Text(LongText), [s.Layer, s.Language.Layout.Block(2)], _ => new RunningVariance(), shard);

    private static string ShardOf(PromiseSubject s, int number)
    {
        string path = s.NewFile();
        Job(s, new(number, 2)).Run(path).Dispose();
        return path;
    }

    private static IReadOnlyList<FactPrompt> TracedFacts { get; } = [new(Speaking.Prompt, Speaking.Subject), new("The capital of {} is", "Spain")];

    private static string FactTracesOf(PromiseSubject s)
    {
        string path = s.NewFile();
        new CausalTraceJob(s.Language, TracedFacts, [StateKind.Hidden], new() { Samples = 2 }).Run(path);
        return path;
    }

    private static SteeringVector Steering(string layer, int features)
    {
        using Tensor vector = ones(features);
        return new(layer, vector);
    }
}
