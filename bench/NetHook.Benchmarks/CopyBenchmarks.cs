using BenchmarkDotNet.Attributes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Copies: a deep copy of 64 MB of weights against cloning them by hand; values that hold tensors; lookup; subsequences.</summary>
public class CopyBenchmarks
{
    private readonly Sequential _net = nn.Sequential([.. Enumerable.Range(0, 16).Select(i => ($"block_{i}", (nn.Module<Tensor, Tensor>)nn.Linear(1024, 1024)))]);
    private readonly (Tensor, Tensor, Tensor) _triple = (randn(16), randn(16), randn(16));

    [Benchmark(Baseline = true)]
    public void CloneByHand()
    {
        using IDisposable _ = no_grad();
        var clones = _net.parameters().Select(parameter => parameter.clone()).ToList();
        foreach (Tensor clone in clones)
            clone.Dispose();
    }

    [Benchmark]
    public void DeepCopy() => _net.DeepCopy().Dispose();

    [Benchmark]
    public void SubsequenceWithSharedWeights() => _net.Subsequence(firstLayer: "block_4", lastLayer: "block_12", shareWeights: true).Dispose();

    [Benchmark]
    public void GetModule() => _net.GetModule("block_12");

    [Benchmark]
    public void RecursiveCopyOfATriple()
    {
        (Tensor a, Tensor b, Tensor c) = TensorTree.RecursiveCopy(_triple);
        a.Dispose();
        b.Dispose();
        c.Dispose();
    }
}
