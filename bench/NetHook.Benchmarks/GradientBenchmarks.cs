using BenchmarkDotNet.Attributes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Hookable = TorchSharp.torch.nn.HookableModule<
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>,
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>>;

namespace NetHook.Benchmarks;

/// <summary>Forward and backward through 16 Linear(64, 64), with the gradient at every layer's output kept or edited.</summary>
public class GradientBenchmarks
{
    private readonly Sequential _net = nn.Sequential([.. Enumerable.Range(0, 16).Select(_ => (nn.Module<Tensor, Tensor>)nn.Linear(64, 64))]);
    private readonly Tensor _x = randn(8, 64);
    private TraceDict? _traces;

    [GlobalSetup(Target = nameof(HandWrittenRetainGrad))]
    public void SetupByHand()
    {
        var kept = new Tensor?[16];
        for (int i = 0; i < kept.Length; i++)
        {
            int at = i;
            ((Hookable)_net[i]).register_forward_hook((_, _, output) =>
            {
                kept[at]?.Dispose();
                kept[at] = output.alias().DetachFromDisposeScope();
                kept[at]!.retain_grad();
                return kept[at]!.alias();
            });
        }
    }

    [GlobalSetup(Target = nameof(RetainGrad))]
    public void SetupRetain() => Trace(nameof(RetainGrad), new() { RetainGrad = true });

    [GlobalSetup(Target = nameof(RetainInputAndGrad))]
    public void SetupInputAndGrad() => Trace(nameof(RetainInputAndGrad), new() { RetainInput = true, RetainGrad = true });

    [GlobalSetup(Target = nameof(EditGradient))]
    public void SetupEdit() => Trace(nameof(EditGradient), new() { EditGradient = (Tensor gradient) => gradient });

    [GlobalCleanup]
    public void Cleanup()
    {
        _traces?.Dispose();
        _net.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void NoHook() => Pass();

    [Benchmark]
    public void HandWrittenRetainGrad() => Pass();

    [Benchmark]
    public void RetainGrad() => Pass();

    [Benchmark]
    public void RetainInputAndGrad() => Pass();

    [Benchmark]
    public void EditGradient() => Pass();

    private void Trace(string benchmark, TraceOptions options)
    {
        _traces = new(_net, _net.ModuleNames(), options);
        HandlesColumn.Count(benchmark, Pass);
    }

    private void Pass()
    {
        using DisposeScope scope = NewDisposeScope();
        _net.zero_grad();
        _net.call(_x).sum().backward();
    }
}
