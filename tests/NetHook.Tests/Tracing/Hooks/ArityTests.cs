using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Modules of one to six arguments: outputs, inputs, edits and stops.</summary>
public class ArityTests
{
    private readonly Tensor[] _t = [.. Enumerable.Range(1, 5).Select(i => full(2, i, dtype: float32))];

    private static TraceOptions Everything(Delegate edit) => new() { RetainInput = true, EditOutput = edit };

    [Fact]
    public void Two_arguments()
    {
        using var layer = new Two();
        using var trace = new Trace(layer, null, Everything((Tensor output) => output * 2));
        TensorAssert.Same(full(2, 6f), layer.call(_t[0], _t[1]));
        TensorAssert.Same(full(2, 6f), trace.Output);
        (Tensor a, Tensor b) = trace.InputAs<(Tensor, Tensor)>();
        TensorAssert.Same(_t[0], a);
        TensorAssert.Same(_t[1], b);
    }

    [Fact]
    public void Three_arguments_of_different_types()
    {
        using var layer = new Three();
        using var trace = new Trace(layer, null, Everything((Tensor output, (Tensor, Tensor, int Times) input) => output + input.Times));
        TensorAssert.Same(full(2, 16f), layer.call(_t[0], _t[1], 4));
        Assert.Equal(4, trace.InputAs<(Tensor, Tensor, int)>().Item3);
    }

    [Fact]
    public void Four_arguments()
    {
        using var layer = new Four();
        using var trace = new Trace(layer, null, Everything((Tensor output) => output * 2));
        TensorAssert.Same(full(2, 20f), layer.call(_t[0], _t[1], _t[2], _t[3]));
        TensorAssert.Same(_t[3], trace.InputAs<(Tensor, Tensor, Tensor, Tensor)>().Item4);
    }

    [Fact]
    public void Five_arguments()
    {
        using var layer = new Five();
        using var trace = new Trace(layer, null, Everything((Tensor output) => output * 2));
        TensorAssert.Same(full(2, 30f), layer.call(_t[0], _t[1], _t[2], _t[3], _t[4]));
        TensorAssert.Same(_t[4], trace.InputAs<(Tensor, Tensor, Tensor, Tensor, Tensor)>().Item5);
    }

    [Fact]
    public void Six_arguments_and_a_tuple_as_output()
    {
        using var layer = new Six();
        using var trace = new Trace(layer, null, Everything(((Tensor Sum, Tensor Last) output) => (output.Sum * 2, output.Last)));
        (Tensor sum, Tensor last) = layer.call(_t[0], _t[1], _t[2], _t[3], _t[4], true);
        TensorAssert.Same(full(2, 10f), sum);
        TensorAssert.Same(_t[4], last);
        TensorAssert.Same(sum, trace.OutputAs<(Tensor, Tensor)>().Item1);
        Assert.True(trace.InputAs<(Tensor, Tensor, Tensor, Tensor, Tensor, bool)>().Item6);
    }

    [Fact]
    public void Inputs_of_every_arity_can_be_edited()
    {
        using var two = new Two();
        using var e2 = new Trace(two, null, new() { EditInput = ((Tensor, Tensor) input) => (input.Item1 * 10, input.Item2) });
        TensorAssert.Same(full(2, 12f), two.call(_t[0], _t[1]));

        using var three = new Three();
        using var e3 = new Trace(three, null, new() { EditInput = ((Tensor, Tensor, int) input) => (input.Item1, input.Item2, 100) });
        TensorAssert.Same(full(2, 300f), three.call(_t[0], _t[1], 1));

        using var four = new Four();
        using var e4 = new Trace(four, null, new() { EditInput = ((Tensor, Tensor, Tensor, Tensor) i) => (i.Item1, i.Item2, i.Item3, i.Item4 * 0) });
        TensorAssert.Same(full(2, 6f), four.call(_t[0], _t[1], _t[2], _t[3]));

        using var five = new Five();
        using var e5 = new Trace(five, null, new() { EditInput = ((Tensor, Tensor, Tensor, Tensor, Tensor) i) => (i.Item1, i.Item2, i.Item3, i.Item4, i.Item5 * 0) });
        TensorAssert.Same(full(2, 10f), five.call(_t[0], _t[1], _t[2], _t[3], _t[4]));

        using var six = new Six();
        using var e6 = new Trace(six, null, new() { EditInput = ((Tensor, Tensor, Tensor, Tensor, Tensor, bool) i) => (i.Item1, i.Item2, i.Item3, i.Item4, i.Item5, false) });
        TensorAssert.Same(full(2, 15f), six.call(_t[0], _t[1], _t[2], _t[3], _t[4], true).Sum);
    }

    [Fact]
    public void Stop_works_for_every_arity()
    {
        var passes = new (nn.Module Layer, Action Run)[]
        {
            (new Two(), () => { }), (new Three(), () => { }), (new Four(), () => { }), (new Five(), () => { }), (new Six(), () => { }),
        };
        passes[0].Run = () => ((Two)passes[0].Layer).call(_t[0], _t[1]);
        passes[1].Run = () => ((Three)passes[1].Layer).call(_t[0], _t[1], 1);
        passes[2].Run = () => ((Four)passes[2].Layer).call(_t[0], _t[1], _t[2], _t[3]);
        passes[3].Run = () => ((Five)passes[3].Layer).call(_t[0], _t[1], _t[2], _t[3], _t[4]);
        passes[4].Run = () => ((Six)passes[4].Layer).call(_t[0], _t[1], _t[2], _t[3], _t[4], true);
        foreach ((nn.Module layer, Action run) in passes)
        {
            using var trace = new Trace(layer, null, new() { Stop = true });
            Assert.Same(trace, Assert.Throws<StopForwardException>(run).Trace);
            trace.Run(run);
            Assert.Equal(1, trace.CallCount);
        }
    }
}
