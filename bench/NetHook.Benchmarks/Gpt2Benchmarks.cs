using BenchmarkDotNet.Attributes;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>A pass of the bundled model, alone and with every block, attention and MLP traced.</summary>
public class Gpt2Benchmarks
{
    private readonly LanguageModel _model = LanguageModel.Bundled();
    private Tensor _tokens = null!;
    private TraceDict? _traces;

    [GlobalSetup(Target = nameof(NoHook))]
    public void Setup() => _tokens = _model.Tokens("The capital of France is");

    [GlobalSetup(Target = nameof(EveryBlockTraced))]
    public void SetupTraced()
    {
        Setup();
        _traces = new(_model.Model, _model.Model.ModuleNames("transformer.h.*{,.attn,.mlp}"), new() { Detach = true });
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _traces?.Dispose();
        _model.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void NoHook() => Pass();

    [Benchmark]
    public void EveryBlockTraced() => Pass();

    private void Pass()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        _model.Model.call(_tokens);
    }
}
