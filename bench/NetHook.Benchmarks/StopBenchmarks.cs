using BenchmarkDotNet.Attributes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>A pass of 64 Linear(64, 64) that ends at a quarter, at half, or at the end, against one without a stop.</summary>
public class StopBenchmarks
{
    private readonly Sequential _net = nn.Sequential([.. Enumerable.Range(0, 64).Select(_ => (nn.Module<Tensor, Tensor>)nn.Linear(64, 64))]);
    private readonly Sequential _cheap = nn.Sequential(("only", nn.Identity()));
    private readonly Tensor _x = randn(1, 64);
    private Trace? _quarter;
    private Trace? _half;
    private Trace? _all;
    private Trace? _first;

    [GlobalSetup(Target = nameof(StopAtQuarter))]
    public void SetupQuarter() => _quarter = new(_net, "15", new() { Stop = true });

    [GlobalSetup(Target = nameof(StopAtHalf))]
    public void SetupHalf() => _half = new(_net, "31", new() { Stop = true });

    [GlobalSetup(Target = nameof(StopAtEnd))]
    public void SetupAll() => _all = new(_net, "63", new() { Stop = true });

    [GlobalSetup(Target = nameof(StopAlone))]
    public void SetupFirst() => _first = new(_cheap, "only", new() { Stop = true });

    [GlobalCleanup]
    public void Cleanup()
    {
        _quarter?.Dispose();
        _half?.Dispose();
        _all?.Dispose();
        _first?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void NoStop() => Pass();

    [Benchmark]
    public void StopAtQuarter() => _quarter!.Run(Pass);

    [Benchmark]
    public void StopAtHalf() => _half!.Run(Pass);

    [Benchmark]
    public void StopAtEnd() => _all!.Run(Pass);

    /// <summary>A stop at a layer that costs nothing: what the stop itself costs.</summary>
    [Benchmark]
    public void StopAlone() => _first!.Run(() => _cheap.call(_x));

    private void Pass()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        _net.call(_x);
    }
}
