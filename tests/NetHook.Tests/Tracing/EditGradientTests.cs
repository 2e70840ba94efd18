using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class EditGradientTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Edit_rewrites_what_flows_further_back_and_leaves_the_forward_pass()
    {
        using Sequential net = Models.Small();
        Tensor plain = net.call(_x);
        plain.sum().backward();
        Tensor expected = net.GetParameter("a.weight").grad! * 3;
        net.zero_grad();
        using var edit = new Trace(net, "a", new() { EditGradient = (Tensor gradient) => gradient * 3 });
        Tensor traced = net.call(_x);
        traced.sum().backward();
        TensorAssert.Same(plain, traced);
        TensorAssert.Near(expected, net.GetParameter("a.weight").grad!);
    }

    [Fact]
    public void Edit_can_read_and_return_null()
    {
        using Sequential net = Models.Small();
        Tensor? seen = null;
        using var edit = new Trace(net, "c", new()
        {
            EditGradient = (Tensor gradient, string layer) =>
            {
                Assert.Equal("c", layer);
                seen = gradient.clone().DetachFromDisposeScope();
                return (Tensor?)null;
            },
        });
        (net.call(_x) * 2).sum().backward();
        TensorAssert.Same(full(2, 2, 2f), seen!);
        Assert.NotNull(net.GetParameter("a.weight").grad);
    }

    [Fact]
    public void Edited_gradient_is_the_one_that_RetainGrad_keeps()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { RetainGrad = true, EditGradient = (Tensor gradient) => gradient * 5 });
        net.call(_x).sum().backward();
        TensorAssert.Same(full(2, 2, 5f), edit.Gradient);
    }

    [Fact]
    public void Frozen_model_with_RetainGrad_still_reaches_the_edit()
    {
        using Sequential net = Models.Small();
        Gradients.SetRequiresGrad(false, net);
        using var edit = new Trace(net, "b", new() { RetainGrad = true, EditGradient = (Tensor gradient) => gradient * 0 });
        net.call(_x).sum().backward();
        TensorAssert.Same(zeros(2, 4), edit.Gradient);
    }

    [Fact]
    public void Nested_outputs_are_edited_tensor_by_tensor()
    {
        using var layer = new Returns<(Tensor, List<Tensor>)>(x => (x * 2, [x * 3, x.argmax(1)]));
        using var edit = new Trace(layer, null, new() { EditGradient = (Tensor gradient) => gradient * 10 });
        Tensor leaf = randn(2, 3, requires_grad: true);
        (Tensor a, List<Tensor>? list) = layer.call(leaf);
        (a.sum() + list[0].sum()).backward();
        TensorAssert.Near(full(2, 3, 50f), leaf.grad!);
    }

    [Fact]
    public void Every_call_of_a_shared_layer_is_edited()
    {
        Linear shared = nn.Linear(3, 3, hasBias: false);
        using Sequential net = nn.Sequential(("one", shared), ("two", shared));
        var gradients = new List<Tensor>();
        using var edit = new Trace(net, "one", new()
        {
            EditGradient = (Tensor gradient) =>
            {
                gradients.Add(gradient.clone());
                return gradient;
            },
        });
        net.call(_x).sum().backward();
        Assert.Equal(2, gradients.Count);
        TensorAssert.Same(ones(2, 3), gradients[0]);
        TensorAssert.Near(shared.weight.sum(dim: 0).expand(2, 3), gradients[1]);
    }

    [Fact]
    public void Layers_in_place_behind_the_edit_work()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "a", new() { EditGradient = (Tensor gradient) => gradient });
        net.call(_x).sum().backward();
        Assert.NotNull(net.GetParameter("a.weight").grad);
    }

    [Fact]
    public void Pass_without_gradients_is_left_alone()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "a", new() { EditGradient = (Tensor gradient) => gradient });
        using (no_grad())
            Assert.False(net.call(_x).requires_grad);
    }

    [Fact]
    public void Exception_in_an_edit_reaches_the_reader_and_spoils_the_gradients_for_all_to_see()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { RetainGrad = true, EditGradient = (Tensor gradient) => gradient.sum() });
        net.call(_x).sum().backward();
        Assert.True(net.GetParameter("c.weight").grad!.isnan().all().ToBoolean());
        const string message =
            "EditGradient of layer 'c' (Linear) threw during backward(): EditGradient of layer 'c' (Linear) was given a gradient "
            + "of shape [2, 2] and returned one of shape []. Return one of the same shape. Every gradient that flowed through it is NaN since.";
        for (int i = 0; i < 2; i++)
            Messages.Same(message, () => edit.Gradient);
        edit.Clear();
        Messages.Same(message, () => edit.Run(() => net.call(_x).sum().backward()));
        edit.Run(() => net.call(_x));
    }

    [Fact]
    public void Exception_in_an_edit_ends_an_ordinary_training_loop_at_the_next_pass()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { EditGradient = (Tensor gradient) => gradient.sum() });
        net.call(_x).sum().backward();
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => net.call(_x));
        Assert.StartsWith("EditGradient of layer 'c' (Linear) threw during backward()", thrown.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(thrown.InnerException);

        // It was said: what the program makes of it is its own affair.
        net.call(_x);
    }

    [Fact]
    public void Exception_in_an_edit_is_thrown_by_the_next_Run_before_the_model_runs_and_forgotten_by_Clear()
    {
        using Sequential net = Models.Small();
        int ran = 0;
        using var counts = new Trace(net, "a", new()
        {
            EditOutput = (Tensor output) =>
            {
                ran++;
                return output;
            },
        });
        using var traces = new TraceDict(net, ["a", "c"], new() { EditGradient = (Tensor gradient) => gradient.sum() });
        net.call(_x).sum().backward();
        Assert.Throws<InvalidOperationException>(() => traces.Run(() => net.call(_x)));
        Assert.Equal(1, ran);
        traces.Run(() => net.call(_x));

        net.call(_x).sum().backward();
        traces.Clear();
        net.call(_x);
    }

    [Fact]
    public void Exception_in_an_edit_leaves_no_input_behind_when_it_is_thrown()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { RetainInput = true, EditGradient = (Tensor gradient) => gradient.sum() });
        net.call(_x).sum().backward();
        Assert.Throws<InvalidOperationException>(() => net.call(_x * 2));
        Assert.Equal(1, edit.CallCount);
    }

    [Fact]
    public void What_an_edit_returns_lives_as_long_as_its_place_in_the_graph()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { RetainOutput = false, EditGradient = Halve });
        WeakReference? returned = null;
        Tensor loss = net.call(_x).sum();
        loss.backward();
        GC.Collect();
        Assert.True(returned!.IsAlive, "native code reads the gradient after the edit has returned");
        GC.KeepAlive(loss);

        Tensor Halve(Tensor gradient)
        {
            Tensor half = gradient / 2;
            returned = new WeakReference(half);
            return half;
        }
    }
}
