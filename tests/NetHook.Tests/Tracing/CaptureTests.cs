using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What a trace keeps, for each of nethook's options.</summary>
public class CaptureTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Output_of_a_named_layer_is_what_the_layer_returned()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "b");
        Tensor result = net.call(_x);
        Tensor expected = ((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x).relu();
        TensorAssert.Same(expected, trace.Output);
        TensorAssert.Same(result, ((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(trace.Output));
    }

    [Fact]
    public void Layer_is_the_model_itself_when_none_is_named()
    {
        using Sequential net = Models.Small();
        using var whole = new Trace(net);
        using var empty = new Trace(net, "");
        Tensor result = net.call(_x);
        TensorAssert.Same(result, whole.Output);
        TensorAssert.Same(result, empty.Output);
        Assert.Equal("", whole.Layer);
        Assert.Same(net, whole.Module);
    }

    [Fact]
    public void Layer_given_as_a_module_is_traced_as_that_module()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net.GetModule("c"));
        TensorAssert.Same(net.call(_x), trace.Output);
    }

    [Fact]
    public void Output_without_clone_shares_storage_and_sees_later_changes_in_place()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a");
        net.call(_x);
        Assert.True(trace.Output.ge(0).all().ToBoolean(), "the ReLU behind works in place, on the same storage");
    }

    [Fact]
    public void Clone_keeps_the_output_as_it_was()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { Clone = true });
        net.call(_x);
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x), trace.Output);
        Assert.True(trace.Output.requires_grad);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Detach_cuts_the_output_off_the_graph(bool clone)
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c", new() { Detach = true, Clone = clone });
        Tensor result = net.call(_x);
        Assert.True(result.requires_grad);
        Assert.False(trace.Output.requires_grad);
        TensorAssert.Same(result.detach(), trace.Output);
        Assert.Equal(!clone, TensorAssert.Address(trace.Output) == TensorAssert.Address(result));
    }

    [Fact]
    public void Output_that_is_not_detached_is_in_the_graph_of_the_pass()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { Clone = true });
        net.call(_x);
        trace.Output.sum().backward();
        Assert.NotNull(net.GetParameter("a.weight").grad);
    }

    [Fact]
    public void Input_is_what_the_layer_was_given()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c", new() { RetainInput = true, RetainOutput = false });
        Tensor result = net.call(_x);
        TensorAssert.Same(result, ((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(trace.Input));
    }

    [Fact]
    public void Input_of_a_layer_in_place_is_as_it_was_before()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "b", new() { RetainInput = true });
        net.call(_x);
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x), trace.Input);
        TensorAssert.Same(trace.Input.relu(), trace.Output);
    }

    [Fact]
    public void Input_of_a_container_with_a_layer_in_place_is_as_it_was_before()
    {
        using Sequential net = nn.Sequential(nn.Sequential(nn.ReLU(inplace: true)));
        using var trace = new Trace(net, "0", new() { RetainInput = true });
        Tensor before = _x.clone();
        net.call(_x);
        TensorAssert.Same(before, trace.Input);
    }

    [Fact]
    public void Input_of_a_custom_layer_that_overwrites_its_argument_is_as_it_was_before_with_Clone()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.add_(1).alias());
        using var trace = new Trace(layer, null, new() { RetainInput = true, Clone = true });
        Tensor before = _x.clone();
        layer.call(_x);
        TensorAssert.Same(before, trace.Input);
        TensorAssert.Same(before + 1, trace.Output);
    }

    [Fact]
    public void Input_without_a_layer_in_place_shares_storage_with_the_callers()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x + 1);
        using var trace = new Trace(layer, null, new() { RetainInput = true });
        layer.call(_x);
        TensorAssert.SameStorage(_x, trace.Input);
    }

    [Fact]
    public void Input_of_a_recursive_call_belongs_to_its_own_call()
    {
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x => x.sum().ToDouble() > 1 ? layer!.call(x - 1) : x * 1);
        using var trace = new Trace(layer, null, new() { RetainInput = true, History = CallHistory.All });
        layer.call(tensor(3.0));
        Assert.Equal([1.0, 2.0, 3.0], trace.Calls.Select(call => call.Input.ToDouble()));
        Assert.Equal([1.0, 1.0, 1.0], trace.Calls.Select(call => call.Output.ToDouble()));
    }

    [Fact]
    public void Input_is_right_when_an_inner_call_of_the_same_layer_threw_and_was_caught()
    {
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            if (x.ToDouble() < 0)
                throw new InvalidOperationException();
            try
            {
                layer!.call(x - 10);
            }
            catch (InvalidOperationException)
            {
            }

            return x * 2;
        });
        using var trace = new Trace(layer, null, new() { RetainInput = true });
        layer.call(tensor(3.0));
        Assert.Equal(3.0, trace.Input.ToDouble());
        Assert.Equal(6.0, trace.Output.ToDouble());
    }

    [Fact]
    public void Call_count_counts_calls_of_a_shared_layer_and_only_the_last_output_is_kept()
    {
        Linear shared = nn.Linear(3, 3);
        using Sequential net = nn.Sequential(("one", shared), ("two", shared));
        using var trace = new Trace(net, "one");
        Tensor result = net.call(_x);
        Assert.Equal(2, trace.CallCount);
        TensorAssert.Same(result, trace.Output);
        Assert.Single(trace.Calls);
        Assert.Equal(1, trace.Calls[0].Number);
    }

    [Fact]
    public void Output_is_replaced_by_the_next_pass()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        net.call(_x);
        Tensor second = net.call(_x * 2);
        TensorAssert.Same(second, trace.Output);
    }
}
