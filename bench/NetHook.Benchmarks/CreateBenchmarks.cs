using BenchmarkDotNet.Attributes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Making and disposing a TraceDict over all layers of one Sequential, whose layers have names of their own, or a Trace on one of them.</summary>
public class CreateBenchmarks
{
    private Sequential _net = null!;
    private IReadOnlyList<string> _names = [];

    [Params(1, 10, 100, 1000, 4000, 10_000)]
    public int Layers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _net = nn.Sequential([.. Enumerable.Range(0, Layers).Select(i => ($"layer_{i}", (nn.Module<Tensor, Tensor>)nn.Identity()))]);
        _names = _net.ModuleNames();
    }

    [Benchmark]
    public void CreateAndDispose() => new TraceDict(_net, _names).Dispose();

    [Benchmark]
    public void CreateAndDisposeOne() => new Trace(_net, _names[^1]).Dispose();

    [Benchmark]
    public void Select() => _net.ModuleNames("layer_*");
}
