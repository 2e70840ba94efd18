using BenchmarkDotNet.Attributes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Forward and backward through 16 Linear(64, 64), with gradients at every layer kept or edited.</summary>
public class GradientBenchmarks
{
    private readonly Sequential _net = nn.Sequential([.. Enumerable.Range(0, 16).Select(_ => (nn.Module<Tensor, Tensor>)nn.Linear(64, 64))]);
    private readonly Tensor _x = randn(8, 64);
    private TraceDict? _traces;

    [GlobalSetup(Target = nameof(RetainGrad))]
    public void SetupRetain() => _traces = new(_net, _net.ModuleNames(), new() { RetainGrad = true });

    [GlobalSetup(Target = nameof(EditGradient))]
    public void SetupEdit() => _traces = new(_net, _net.ModuleNames(), new() { EditGradient = (Tensor gradient) => gradient });

    [GlobalCleanup]
    public void Cleanup() => _traces?.Dispose();

    [Benchmark(Baseline = true)]
    public void NoHook() => Pass();

    [Benchmark]
    public void RetainGrad() => Pass();

    [Benchmark]
    public void EditGradient() => Pass();

    private void Pass()
    {
        using var scope = NewDisposeScope();
        _net.zero_grad();
        _net.call(_x).sum().backward();
    }
}
