using BenchmarkDotNet.Attributes;
using NetHook.Interpretability;
using NetHook.Interpretability.Tests;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Causal tracing of the bundled model: batches that start where they differ, against one whole pass for each restoration.</summary>
public class CausalTracingBenchmarks
{
    private const string Prompt = "The official language of the United Arab Emirates is", Subject = "the United Arab Emirates";
    private const int Runs = 10;

    private readonly LanguageModel _model = LanguageModel.Bundled();
    private int[] _tokens = [];
    private Range _subject;
    private Tensor _noise = null!;
    private int _answer;

    /// <summary>Which states are restored.</summary>
    [ParamsAllValues]
    public StateKind Kind { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _tokens = [.. _model.Tokenizer.Encode(Prompt)];
        _subject = _model.Tokenizer.TokenRange(Prompt, Subject);
        using var generator = new Generator(1);
        _noise = randn([Runs, _subject.End.Value - _subject.Start.Value, _model.Parts.Width], generator: generator);
        _answer = Trace().Answer;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _noise.Dispose();
        _model.Dispose();
    }

    [Benchmark(Baseline = true)]
    public StateGrid OneByOne() => PlainCausalTracing.Run(_model.Parts, _tokens, _subject, _noise, _answer, LayerWindow.Of(_model.Layout, Kind, null));

    [Benchmark]
    public StateGrid InBatches() => Trace().Probabilities;

    private CausalTrace Trace() => new CausalTracer(_model).Trace(_tokens, _subject, _noise, new() { Kind = Kind });
}
