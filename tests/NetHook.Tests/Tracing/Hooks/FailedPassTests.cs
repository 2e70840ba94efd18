using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Inputs of passes that threw outside of Run are freed by the layer's next run and by Clear.</summary>
[Collection(LiveTensors.Name)]
public class FailedPassTests
{
    private readonly ScopedNet _net = new() { Fail = true };
    private readonly Tensor _x = randn(2, 3);

    public static TheoryData<string> Order => ["deeper and deeper", "shallower and shallower", "threads", "pool"];

    [Theory]
    [MemberData(nameof(Order))]
    public void Clear_frees_what_passes_left_at_any_depth_on_any_thread(string order)
    {
        using var trace = new Trace(_net, null, new() { RetainInput = true });
        long before = Live.Tensors;
        Fail(order);
        trace.Clear();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [MemberData(nameof(Order))]
    public void Next_run_of_the_layer_frees_what_passes_left(string order)
    {
        if (order == "pool")
            return;
        using var trace = new Trace(_net, null, new() { RetainInput = true });
        long before = Live.Tensors;
        foreach (int depth in new[] { 0, 40 })
        {
            Fail(order);
            _net.Fail = false;
            At(depth, () => _net.call(_x).Dispose());
            _net.Fail = true;
            Assert.Equal(before + 2, Tensor.TotalCount);
        }
    }

    [Fact]
    public void Next_run_of_a_layer_inside_the_model_frees_what_passes_left()
    {
        bool fail = true;
        using nn.Module<Tensor, Tensor> inner = Models.Layer(x => fail ? throw new InvalidOperationException() : x.alias());
        using Sequential outer = nn.Sequential(("inner", inner));
        using var trace = new Trace(inner, null, new() { RetainInput = true });
        long before = Live.Tensors;
        for (int depth = 0; depth < 20; depth++)
            At(depth, () => Assert.Throws<InvalidOperationException>(() => outer.call(_x)));
        fail = false;
        At(40, () => outer.call(_x).Dispose());
        Assert.Equal(before + 2, Tensor.TotalCount);
    }

    [Fact]
    public void Run_frees_what_its_own_pass_left_and_keeps_the_input_of_the_call_around_it()
    {
        Trace? trace = null;
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            if (x.ToDouble() < 0)
                throw new InvalidOperationException();
            using var nested = new Trace(layer!, null, new() { RetainInput = true });
            Assert.Throws<InvalidOperationException>(() => nested.Run(() => layer!.call(tensor(-1.0))));
            return x.alias();
        });
        using (trace = new Trace(layer, null, new() { RetainInput = true }))
        {
            layer.call(tensor(2.0));
            Assert.Equal(2.0, trace.Input.ToDouble());
        }
    }

    private void Fail(string order)
    {
        for (int i = 0; i < 20; i++)
        {
            void Pass() => Assert.Throws<InvalidOperationException>(() => _net.call(_x));
            switch (order)
            {
                case "threads":
                    var thread = new Thread(Pass);
                    thread.Start();
                    thread.Join();
                    break;
                case "pool":
                    Task.Run(Pass).Wait();
                    break;
                default:
                    At(order.StartsWith("deep", StringComparison.Ordinal) ? i : 20 - i, Pass);
                    break;
            }
        }
    }

    private static void At(int depth, Action act)
    {
        if (depth == 0)
            act();
        else
            At(depth - 1, act);
        GC.KeepAlive(act);
    }
}
