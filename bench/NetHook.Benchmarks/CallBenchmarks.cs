using BenchmarkDotNet.Attributes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Hookable = TorchSharp.torch.nn.HookableModule<
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>,
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>>;

namespace NetHook.Benchmarks;

/// <summary>
/// A forward pass of 1 to 64 layers with each layer traced in turn by a hand-written TorchSharp hook and by NetHook.
/// The layers are Identity, the cheapest there is (0.08 µs), so that what hooks cost stands out; the ratio is to the
/// pass without any hook, and what counts is the difference to it, per layer.
/// </summary>
public class CallBenchmarks
{
    private Sequential _net = null!;
    private Tensor _x = null!;
    private Tensor?[] _kept = [];
    private TraceDict? _traces;

    [Params(1, 8, 64)]
    public int Layers { get; set; }

    private string[] Names => [.. Enumerable.Range(0, Layers).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    [GlobalSetup(Target = nameof(NoHook))]
    public void SetupPlain() => Setup();

    [GlobalSetup(Target = nameof(HandWrittenAlias))]
    public void SetupAlias() => Hook(output => output.alias());

    [GlobalSetup(Target = nameof(HandWrittenClone))]
    public void SetupClone() => Hook(output => output.clone());

    [GlobalSetup(Target = nameof(HandWrittenEdit))]
    public void SetupHandEdit()
    {
        Setup();
        for (int i = 0; i < Layers; i++)
            ((Hookable)_net[i]).register_forward_hook((_, _, output) => output.alias());
    }

    [GlobalSetup(Target = nameof(NetHookIdle))]
    public void SetupIdle()
    {
        Setup();
        new TraceDict(_net, Names).Dispose();
    }

    [GlobalSetup(Target = nameof(NetHookCapture))]
    public void SetupCapture() => Trace(nameof(NetHookCapture), new());

    [GlobalSetup(Target = nameof(NetHookClone))]
    public void SetupNetHookClone() => Trace(nameof(NetHookClone), new() { Clone = true });

    [GlobalSetup(Target = nameof(NetHookCloneDetach))]
    public void SetupCloneDetach() => Trace(nameof(NetHookCloneDetach), new() { Clone = true, Detach = true });

    [GlobalSetup(Target = nameof(NetHookInput))]
    public void SetupInput() => Trace(nameof(NetHookInput), new() { RetainInput = true });

    [GlobalSetup(Target = nameof(NetHookCurrentFlow))]
    public void SetupFlow() => Trace(nameof(NetHookCurrentFlow), new() { Scope = TraceScope.CurrentFlow });

    [GlobalSetup(Target = nameof(NetHookEdit))]
    public void SetupEdit() => Trace(nameof(NetHookEdit), new() { RetainOutput = false, EditOutput = (Tensor output) => output.alias() });

    [GlobalSetup(Target = nameof(NetHookEditSame))]
    public void SetupEditSame() => Trace(nameof(NetHookEditSame), new() { RetainOutput = false, EditOutput = (Tensor output, string layer) => output });

    [GlobalCleanup]
    public void Cleanup()
    {
        _traces?.Dispose();
        _net.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void NoHook() => Pass();

    [Benchmark]
    public void HandWrittenAlias() => Pass();

    [Benchmark]
    public void NetHookCapture() => Pass();

    [Benchmark]
    public void HandWrittenClone() => Pass();

    [Benchmark]
    public void NetHookClone() => Pass();

    [Benchmark]
    public void NetHookCloneDetach() => Pass();

    [Benchmark]
    public void NetHookInput() => Pass();

    [Benchmark]
    public void NetHookCurrentFlow() => Pass();

    [Benchmark]
    public void HandWrittenEdit() => Pass();

    [Benchmark]
    public void NetHookEdit() => Pass();

    [Benchmark]
    public void NetHookEditSame() => Pass();

    [Benchmark]
    public void NetHookIdle() => Pass();

    private void Pass()
    {
        using IDisposable _ = no_grad();
        _net.call(_x).Dispose();
    }

    private void Setup()
    {
        _net = nn.Sequential([.. Enumerable.Range(0, Layers).Select(_ => (nn.Module<Tensor, Tensor>)nn.Identity())]);
        _x = randn(1, 16);
    }

    private void Trace(string benchmark, TraceOptions options)
    {
        Setup();
        _traces = new TraceDict(_net, Names, options);
        HandlesColumn.Count($"{benchmark} {Layers}", Pass);
    }

    private void Hook(Func<Tensor, Tensor> keep)
    {
        Setup();
        _kept = new Tensor?[Layers];
        for (int i = 0; i < Layers; i++)
        {
            int at = i;
            ((Hookable)_net[i]).register_forward_hook((_, _, output) =>
            {
                _kept[at]?.Dispose();
                _kept[at] = keep(output).DetachFromDisposeScope();
                return output;
            });
        }
    }
}
