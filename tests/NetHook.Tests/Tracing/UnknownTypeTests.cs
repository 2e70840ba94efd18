using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Layers that take or return objects whose tensors cannot be found: refused when the trace is made, and never in the middle of a pass.</summary>
public class UnknownTypeTests
{
    private const string Unknown =
        " Where the tensors are in a Hidden is not known. Make it a record, give it public properties that can be set, or say how it is taken "
        + "apart: TensorTree.Register<Hidden>(takeApart, rebuild). ";

    private readonly Tensor _x = ones(1);

    [Fact]
    public void Output_of_an_unknown_class_is_refused_when_the_trace_is_made()
    {
        using var layer = new Returns<Hidden>(x => new(x));
        string message = "The output of layer '' (the model itself, Returns<Hidden>) cannot be kept." + Unknown + "EditInput and EditOutput alone need RetainOutput = false.";
        Messages.Same(message, () => new Trace(layer));
        Messages.Same(message, () => new TraceDict(layer, [""]));
        Messages.Same(message, () => new Trace(layer, null, new() { RetainOutput = false, EditGradient = (Tensor gradient) => gradient }));
        Assert.Equal(0, Hooks.Count(layer));
        using var edit = new Trace(layer, null, new() { RetainOutput = false, EditInput = (Tensor input) => input * 2 });
        layer.call(_x);
        Assert.Equal(1, edit.CallCount);
    }

    [Fact]
    public void Input_of_an_unknown_class_is_refused_when_the_trace_is_made()
    {
        using var layer = new Takes();
        Messages.Same(
            "The input of layer '' (the model itself, Takes) cannot be kept." + Unknown + "Trace without RetainInput.",
            () => new Trace(layer, null, new() { RetainInput = true }));
        using var trace = new Trace(layer);
        layer.call(_x, new(_x));
        Assert.Equal(1f, trace.Output.ToSingle());
    }

    [Fact]
    public void Unknown_class_inside_lists_tuples_and_records_is_found()
    {
        Refused<List<Hidden>>();
        Refused<Dictionary<string, (int, Hidden)>>();
        Refused<Hidden[]>();
        Refused<Record>();
        Refused<(Tensor, Hidden)?>();

        static void Refused<T>()
        {
            using var layer = new Returns<T>(_ => default!);
            Assert.Contains(Unknown, Assert.Throws<ArgumentException>(() => new Trace(layer)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Unknown_class_that_shows_only_when_the_layer_runs_leaves_the_pass_alone()
    {
        using var layer = new Returns<object>(x => new Hidden(x));
        using var trace = new Trace(layer, null, new() { History = CallHistory.All });
        Assert.IsType<Hidden>(layer.call(_x));
        Assert.Equal(1, trace.CallCount);
        Messages.Same(
            "The output of layer '' (the model itself, Returns<object>) could not be kept. Where the tensors are in a Hidden is not known. Make it a record, give it "
            + "public properties that can be set, or say how it is taken apart: TensorTree.Register<Hidden>(takeApart, rebuild).",
            () => trace.OutputAs<object>());
        trace.Clear();
    }

    [Fact]
    public void Value_that_contains_itself_leaves_the_pass_alone()
    {
        using var layer = new Returns<List<object>>(x =>
        {
            List<object> list = [x];
            list.Add(list);
            return list;
        });
        using var trace = new Trace(layer);
        Assert.Equal(2, layer.call(_x).Count);
        Messages.Same(
            "The output of layer '' (the model itself, Returns<List<object>>) could not be kept. "
            + "This List<object> contains itself, so that there is no end to taking it apart.",
            () => trace.OutputAs<List<object>>());
    }

    [Fact]
    public void Registered_class_is_kept()
    {
        using var layer = new Returns<Registered>(x => new(x));
        Assert.Throws<ArgumentException>(() => new Trace(layer));
        TensorTree.Register<Registered>(value => [value.Held], (_, parts) => new((Tensor)parts[0]!));
        using var trace = new Trace(layer);
        layer.call(_x);
        Assert.Equal(1f, trace.OutputAs<Registered>().Held.ToSingle());
    }

    private sealed class Hidden(Tensor held)
    {
        public Tensor Held { get; } = held;
    }

    private sealed class Registered(Tensor held)
    {
        public Tensor Held { get; } = held;
    }

    private sealed record Record(Tensor Shown, Hidden Inner);

    private sealed class Takes() : nn.Module<Tensor, Hidden, Tensor>("Takes")
    {
        public override Tensor forward(Tensor a, Hidden b) => a;
    }
}
