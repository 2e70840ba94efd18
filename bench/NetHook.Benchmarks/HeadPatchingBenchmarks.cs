using BenchmarkDotNet.Attributes;
using NetHook.Interpretability;

namespace NetHook.Benchmarks;

/// <summary>All parts of all heads of the bundled model at each token: estimated by a gradient, with ten checked, against patched exactly.</summary>
public class HeadPatchingBenchmarks
{
    private const string Clean = "The official language of Egypt is", Counterfactual = "The official language of Italy is";

    private static readonly HeadPart[] Parts = Enum.GetValues<HeadPart>();

    private readonly LanguageModel _model = LanguageModel.Bundled();
    private readonly PatchOptions _options = new() { CleanAnswer = " Arabic", CounterfactualAnswer = " Italian" };

    [GlobalSetup]
    public void Setup() => _model.Tokenizer.Encode(Clean);

    [GlobalCleanup]
    public void Cleanup() => _model.Dispose();

    [Benchmark(Baseline = true)]
    public int Exact() => Parts.Sum(part => new HeadPatcher(_model).PatchEachToken(Clean, Counterfactual, part, _options).Count);

    [Benchmark]
    public int Estimated() => new AttributionPatcher(_model).Estimate(Clean, Counterfactual, new() { Parts = Parts, Prompts = _options }).Nodes.Count;

    [Benchmark]
    public int EstimatedWithGradDrop() =>
        new AttributionPatcher(_model).Estimate(Clean, Counterfactual, new() { Parts = Parts, GradDrop = true, Prompts = _options }).Nodes.Count;
}
