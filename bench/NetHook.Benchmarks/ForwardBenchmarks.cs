using BenchmarkDotNet.Attributes;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>
/// What rewriting costs a model that nobody traces: the same layers run by <c>forward()</c>, as they were written, and by <c>call()</c>, as
/// the rewriter leaves them. What counts is the difference, divided by 64: at most 0.1 µs a layer.
/// </summary>
public class ForwardBenchmarks
{
    private const int Layers = 64;
    private readonly nn.Module<Tensor, Tensor>[] _layers = [.. Enumerable.Range(0, Layers).Select(_ => new Same())];
    private readonly Tensor _x = ones(1);

    [Benchmark(Baseline = true)]
    public Tensor AsWritten()
    {
        Tensor x = _x;
        foreach (nn.Module<Tensor, Tensor> layer in _layers)
            x = layer.forward(x);
        return x;
    }

    [Benchmark]
    public Tensor Rewritten()
    {
        Tensor x = _x;
        foreach (nn.Module<Tensor, Tensor> layer in _layers)
            x = layer.call(x);
        return x;
    }

    /// <summary>A layer that computes nothing, so that only the way to it is measured.</summary>
    private sealed class Same() : nn.Module<Tensor, Tensor>("Same")
    {
        public override Tensor forward(Tensor input) => input;
    }
}
