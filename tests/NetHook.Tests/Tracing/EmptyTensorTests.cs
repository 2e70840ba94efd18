using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Output = System.Tuple<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace NetHook.Tests;

/// <summary>MultiheadAttention without weights returns a tensor that holds nothing: it passes through traces and edits as what it is.</summary>
public sealed class EmptyTensorTests : IDisposable
{
    private readonly MultiheadAttention _attention = MultiheadAttention(4, 2);
    private readonly Tensor _x = ones(3, 1, 4);

    public void Dispose()
    {
        _attention.Dispose();
        _x.Dispose();
    }

    public static TheoryData<TraceOptions> Options =>
    [
        new TraceOptions { RetainInput = true },
        new TraceOptions { Detach = true },
        new TraceOptions { Clone = true },
        new TraceOptions { Clone = true, Detach = true, RetainInput = true },
        new TraceOptions { RetainGrad = true },
        new TraceOptions { RetainGrad = true, Clone = true },
        new TraceOptions { EditGradient = (Tensor gradient) => gradient },
        new TraceOptions { History = CallHistory.All },
        new TraceOptions { EditOutput = Output? (Output output) => null },
        new TraceOptions { EditOutput = (Output output) => output },
        new TraceOptions { EditOutput = (Output output) => new Output(output.Item1.alias(), output.Item2) },
    ];

    [Theory]
    [MemberData(nameof(Options), DisableDiscoveryEnumeration = true)]
    public void Output_without_weights_is_captured_as_it_is(TraceOptions options)
    {
        Output plain = Run();
        using var trace = new Trace(_attention, options: options);
        Output traced = Run();
        Output read = trace.OutputAs<Output>();

        Assert.Equal(plain.Item1, traced.Item1);
        Assert.Equal(plain.Item1, read.Item1);
        Assert.True(plain.Item2.IsInvalid);
        Assert.True(traced.Item2.IsInvalid);
        Assert.True(read.Item2.IsInvalid);
        trace.Clear();
    }

    [Fact]
    public void Gradient_of_the_output_arrives()
    {
        using var trace = new Trace(_attention, options: new() { RetainGrad = true });
        Run().Item1.sum().backward();

        Assert.Equal(ones(3, 1, 4), trace.GradientAs<Output>().Item1);
    }

    [Fact]
    public void Saved_output_is_patched_in()
    {
        Output saved = TensorTree.RecursiveCopy(Run(), clone: true);
        using var trace = new Trace(_attention, options: new() { EditOutput = (Output output) => saved });

        Assert.Equal(saved.Item1, Run().Item1);
        Assert.True(Run().Item2.IsInvalid);
    }

    [Fact]
    public void Pass_is_stopped_and_summarised()
    {
        using (var trace = new Trace(_attention, options: new() { Stop = true }))
            trace.Run(Run);
        Assert.Contains("[3, 1, 4]", _attention.Summary(() => Run()).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Edit_that_disposes_what_it_returns_is_still_refused()
    {
        using var trace = new Trace(_attention, options: new()
        {
            EditOutput = (Output output) =>
            {
                output.Item1.Dispose();
                return output;
            },
        });

        Assert.Throws<InvalidOperationException>(() => Run());
    }

    [Fact]
    public void Layer_of_one_tensor_that_holds_nothing_does_not_break_the_pass()
    {
        using var layer = new GivesNothing();
        using var trace = new Trace(layer, options: new() { Clone = true });

        Assert.True(layer.call(_x).IsInvalid);
        Assert.True(trace.Output.IsInvalid);
    }

    private Output Run() => _attention.call(_x, _x, _x, need_weights: false);

    private sealed class GivesNothing() : Module<Tensor, Tensor>(nameof(GivesNothing))
    {
        public override Tensor forward(Tensor input)
        {
            Tensor empty = input.alias();
            empty.Dispose();
            return empty;
        }
    }
}
