using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook.Tests;

/// <summary>Gradients of retained outputs (defect 13).</summary>
public class RetainGradTests
{
    private readonly Tensor _x = randn(2, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradient_of_a_layer_is_that_of_autograd(bool clone)
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true, Clone = clone });
        net.call(_x).sum().backward();
        Tensor expected = net.GetParameter("c.weight").sum(dim: 0).expand(2, 4) * trace.Output.gt(0);
        TensorAssert.Near(expected, trace.Gradient);
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x), trace.Output);
    }

    [Fact]
    public void Result_and_parameter_gradients_are_those_without_a_trace()
    {
        using Sequential net = Models.Small();
        Tensor plain = net.call(_x);
        plain.sum().backward();
        Tensor expected = net.GetParameter("a.weight").grad!.clone();
        net.zero_grad();
        using var traces = new TraceDict(net, ["a", "b", "c", ""], new() { RetainGrad = true });
        Tensor traced = net.call(_x);
        traced.sum().backward();
        TensorAssert.Same(plain, traced);
        TensorAssert.Same(expected, net.GetParameter("a.weight").grad!);
        TensorAssert.Same(ones(2, 2), traces[""].Gradient);
    }

    [Fact]
    public void Frozen_model_still_gives_the_gradient_at_the_layer()
    {
        using Sequential net = Models.Small();
        Gradients.SetRequiresGrad(false, net);
        using var trace = new Trace(net, "b", new() { RetainGrad = true });
        net.call(_x).sum().backward();
        TensorAssert.Near(net.GetParameter("c.weight").sum(dim: 0).expand(2, 4), trace.Gradient);
        Assert.Null(net.GetParameter("a.weight").grad);
    }

    [Fact]
    public void Callers_own_tensor_is_not_touched_when_a_layer_returns_it()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x);
        using var trace = new Trace(layer, null, new() { RetainGrad = true });
        (layer.call(_x) * 3).sum().backward();
        Assert.False(_x.requires_grad);
        TensorAssert.Same(full(2, 3, 3f), trace.Gradient);

        Tensor leaf = randn(2, 3, requires_grad: true);
        ((layer.call(leaf) * 3).sum() + leaf.sum()).backward();
        TensorAssert.Same(full(2, 3, 3f), trace.Gradient);
        TensorAssert.Same(full(2, 3, 4f), leaf.grad!);
    }

    [Fact]
    public void Layers_in_place_behind_the_trace_do_no_harm()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true });
        net.call(_x).sum().backward();
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x), trace.Output);
    }

    [Fact]
    public void Tuple_has_a_gradient_where_one_arrived()
    {
        using LSTM lstm = nn.LSTM(3, 4, batchFirst: true);
        using var trace = new Trace(lstm, null, new() { RetainGrad = true });
        lstm.call(randn(1, 5, 3), null).Item1.sum().backward();
        (Tensor y, Tensor h, Tensor c) = trace.GradientAs<(Tensor, Tensor, Tensor)>();
        TensorAssert.Same(ones(1, 5, 4), y);
        Assert.Null(h);
        Assert.Null(c);
    }

    [Fact]
    public void Integer_parts_of_an_output_are_kept_without_gradient()
    {
        using var layer = new Returns<(Tensor, Tensor)>(x => (x * 2, x.argmax(1)));
        using var trace = new Trace(layer, null, new() { RetainGrad = true });
        layer.call(_x).Item1.sum().backward();
        Assert.Equal(ScalarType.Int64, trace.OutputAs<(Tensor, Tensor)>().Item2.dtype);
        TensorAssert.Same(ones(2, 3), trace.GradientAs<(Tensor, Tensor)>().Item1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packed_sequence_has_a_gradient(bool needsGradients)
    {
        using var layer = new Returns<PackedSequence>(x => pack_padded_sequence(x * 2, tensor([1L, 3]), batch_first: true, enforce_sorted: false));
        using var trace = new Trace(layer, null, new() { RetainGrad = true });
        Tensor x = randn(2, 3, 4, requires_grad: needsGradients);
        PackedSequence output = layer.call(x);
        (pad_packed_sequence(output, batch_first: true).Item1 * 5).sum().backward();
        TensorAssert.Same(full(4, 4, 5f), trace.GradientAs<PackedSequence>().data);
        if (needsGradients)
            TensorAssert.Same(stack([cat([full(1, 4, 10f), zeros(2, 4)]), full(3, 4, 10f)]), x.grad!);
    }

    [Fact]
    public void Gradient_of_each_call_is_its_own()
    {
        Linear shared = nn.Linear(3, 3);
        using Sequential net = nn.Sequential(("one", shared), ("two", shared));
        using var trace = new Trace(net, "one", new() { RetainGrad = true, History = CallHistory.All });
        net.call(_x).sum().backward();
        TensorAssert.Near(shared.weight.sum(dim: 0).expand(2, 3), trace.Calls[0].Gradient);
        TensorAssert.Same(ones(2, 3), trace.Calls[1].Gradient);
        TensorAssert.Same(ones(2, 3), trace.Gradient);
    }

    [Fact]
    public void Errors_say_what_is_the_matter()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true });
        net.call(_x);
        Messages.Same(
            "No gradient has reached layer 'a' (Linear). Call backward() on something computed from its output in this pass.",
            () => trace.Gradient);
        using nn.Module<Tensor, Tensor> integers = Models.Layer(x => x.argmax(1));
        using var none = new Trace(integers, null, new() { RetainGrad = true });
        Messages.Same(
            "RetainGrad at layer '' (the model itself, FunctionLayer): its output has no floating-point tensor (it is Int64), "
            + "and only these have gradients. Trace without RetainGrad.",
            () => integers.call(_x));
        Messages.Same(
            "RetainGrad and Detach contradict each other: a detached output has no gradient. Set one of them; "
            + "the gradient itself is never part of the graph.",
            () => new Trace(net, "a", new() { RetainGrad = true, Detach = true }));
        Messages.Same(
            "RetainGrad keeps the gradient on the kept output, and RetainOutput is false. Set RetainOutput = true.",
            () => new Trace(net, "a", new() { RetainGrad = true, RetainOutput = false }));
    }
}
