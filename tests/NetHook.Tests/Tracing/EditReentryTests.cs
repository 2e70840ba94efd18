using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Edits that make their own layer run: an exception instead of a stack that overflows.</summary>
public class EditReentryTests
{
    private const string Advice =
        " of layer 'a' (Linear) made that layer run again by call(), which calls the edit again, without end. In the edit, run the layer by "
        + "forward(), which runs no hooks; run the whole model outside of the edit, or a DeepCopy() of it, which has no traces.";

    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void EditOutput_that_calls_its_layer_is_told_to_use_forward()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditOutput = (Tensor output, Linear module) => module.call(_x) });
        Messages.Same("EditOutput" + Advice, () => net.call(_x));
        Messages.Same("EditOutput" + Advice, () => trace.Run(() => net.call(_x)));
    }

    [Fact]
    public void EditInput_that_calls_its_layer_is_told_to_use_forward()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditInput = (Tensor input, Linear module) => module.call(input) });
        Messages.Same("EditInput" + Advice, () => net.call(_x));
    }

    [Fact]
    public void Edit_that_calls_the_whole_model_is_told_to_use_forward()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, ["a"], new() { EditOutput = (Tensor output) => net.call(_x)[.., ..1] });
        Messages.Same("EditOutput" + Advice, () => net.call(_x));
    }

    [Fact]
    public void Edits_that_call_each_others_layers_are_told_to_use_forward()
    {
        using Linear a = nn.Linear(3, 3);
        using Linear b = nn.Linear(3, 3);
        using var ofA = new Trace(a, null, new() { EditOutput = (Tensor output) => b.call(output) });
        using var ofB = new Trace(b, null, new() { EditInput = (Tensor input) => a.call(input) });
        Assert.StartsWith("EditOutput of layer '' (the model itself, Linear) made that layer run again", Assert.Throws<InvalidOperationException>(() => a.call(_x)).Message, StringComparison.Ordinal);
        Assert.StartsWith("EditInput of layer '' (the model itself, Linear) made that layer run again", Assert.Throws<InvalidOperationException>(() => b.call(_x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Edit_of_a_copy_that_calls_its_layer_is_told_to_use_forward()
    {
        using Sequential net = Models.Small();
        using Sequential edited = net.WithEdit("a", (Tensor output, Linear module) => module.call(_x));
        Messages.Same("EditOutput" + Advice, () => edited.call(_x));
    }

    [Fact]
    public void EditGradient_that_runs_backward_through_its_own_layer_is_told_so()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditGradient = Again });
        net.call(_x).sum().backward();
        Assert.Contains("made that layer run again", Assert.Throws<InvalidOperationException>(() => net.call(_x)).Message, StringComparison.Ordinal);

        Tensor? Again(Tensor gradient)
        {
            using (enable_grad())
                net.call(_x).sum().backward();
            return null;
        }
    }

    [Fact]
    public void Edit_that_uses_forward_works_and_so_does_the_next_call()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditOutput = (Tensor output, Linear module) => module.forward(_x * 0) });
        Tensor zero = net.call(_x * 0);
        TensorAssert.Same(zero, net.call(_x));
        TensorAssert.Same(zero, net.call(_x));
    }

    [Fact]
    public void Edit_that_threw_leaves_its_layer_usable()
    {
        using Sequential net = Models.Small();
        bool fail = true;
        using var trace = new Trace(net, "a", new() { EditOutput = (Tensor output) => fail ? throw new NotSupportedException() : output });
        Assert.Throws<NotSupportedException>(() => net.call(_x));
        fail = false;
        net.call(_x);
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Layer_that_calls_itself_in_its_forward_is_edited_at_each_call()
    {
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x => x.ToDouble() > 1 ? layer!.call(x - 1) : x);
        using var trace = new Trace(layer, null, new() { EditInput = (Tensor input) => input.alias(), EditOutput = (Tensor output) => output + 10 });
        Assert.Equal(31.0, layer.call(tensor(3.0)).ToDouble());
        Assert.Equal(3, trace.CallCount);
    }

    [Fact]
    public void Edit_may_call_another_layer_that_is_traced_and_edited()
    {
        using Sequential net = Models.Small();
        using var c = new Trace(net, "c", new() { EditOutput = (Tensor output) => output * 0 });
        using var a = new Trace(net, "a", new() { EditOutput = (Tensor output) => output + ((Linear)net.GetModule("c")).call(output).sum() });
        net.call(_x);
        Assert.Equal(2, c.CallCount);
    }

    [Fact]
    public void Edit_that_calls_its_layer_in_another_flow_is_not_seen_there()
    {
        ExecutionContext elsewhere = ExecutionContext.Capture()!;
        using Linear layer = nn.Linear(3, 3);
        using var trace = new Trace(layer, null, new()
        {
            Scope = TraceScope.CurrentFlow,
            EditOutput = (Tensor output) =>
            {
                ExecutionContext.Run(elsewhere, _ => layer.call(_x), null);
                return output;
            },
        });
        layer.call(_x);
        Assert.Equal(1, trace.CallCount);
    }
}
