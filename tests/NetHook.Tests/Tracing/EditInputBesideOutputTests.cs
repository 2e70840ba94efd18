using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>The <c>input</c> that an edit of the output declares is the input as it was before the layer ran.</summary>
[Collection(LiveTensors.Name)]
public class EditInputBesideOutputTests
{
    private readonly Tensor _x = tensor(new[] { -1f, 2f });

    public static TheoryData<Delegate> Skips => new()
    {
        (Tensor output, Tensor input) => input,
        (Tensor a, Tensor b) => b,
        (Tensor input) => input,
        (object output, object input) => input,
        (Tensor output, string layer, Tensor input, nn.Module module) => input * 1,
    };

    [Theory]
    [MemberData(nameof(Skips), DisableDiscoveryEnumeration = true)]
    public void Layer_in_place_is_skipped_by_returning_its_input(Delegate skip)
    {
        using Sequential net = nn.Sequential(("relu", nn.ReLU(inplace: true)));
        using (new Trace(net, "relu", new() { EditOutput = skip }))
            TensorAssert.Same(_x, net.call(_x.clone()));
        using (new Trace(net, null, new() { EditOutput = skip }))
            TensorAssert.Same(_x, net.call(_x.clone()));
        using (new TraceDict(net, ["relu"], new() { EditOutput = skip, RetainInput = true, Detach = true }))
            TensorAssert.Same(_x, net.call(_x.clone()));
        using Sequential edited = net.WithEdit("relu", skip);
        TensorAssert.Same(_x, edited.call(_x.clone()));
    }

    [Fact]
    public void Layer_that_does_not_say_that_it_works_in_place_is_skipped_with_Clone()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.relu_());
        using (new Trace(layer, null, new() { Clone = true, EditOutput = (Tensor output, Tensor input) => input }))
            TensorAssert.Same(_x, layer.call(_x.clone()));
    }

    [Fact]
    public void Gradient_flows_through_the_input_of_a_layer_that_is_skipped()
    {
        using Sequential net = nn.Sequential(("relu", nn.ReLU(inplace: true)));
        using var edit = new Trace(net, "relu", new() { EditOutput = (Tensor output, Tensor input) => input * 3, RetainInput = true, Detach = true });
        Tensor leaf = _x.clone().requires_grad_();
        net.call(leaf * 1).sum().backward();
        TensorAssert.Same(full(2, 3f), leaf.grad!);
        Assert.False(edit.Input.requires_grad);
    }

    [Fact]
    public void Tuple_of_inputs_is_given_as_it_was()
    {
        using var layer = new AddsInPlace();
        using var edit = new Trace(layer, null, new() { Clone = true, EditOutput = (Tensor output, (Tensor a, Tensor b) input) => input.a });
        TensorAssert.Same(_x, layer.call(_x.clone(), ones(2)));
    }

    [Fact]
    public void Copies_are_freed_whatever_the_edit_does()
    {
        using Sequential net = nn.Sequential(("relu", nn.ReLU(inplace: true)));
        using Tensor x = _x.clone();
        long before = Live.Tensors;
        using (new Trace(net, "relu", new() { RetainOutput = false, EditOutput = (Tensor output, Tensor input) => (Tensor?)null }))
            net.call(x).Dispose();
        Assert.Equal(before, Live.Tensors);
        using (new Trace(net, "relu", new() { RetainOutput = false, EditOutput = Fail }))
            Assert.Throws<NotSupportedException>(() => net.call(x));
        Assert.Equal(before, Live.Tensors);
        using (new Trace(net, "relu", new() { RetainOutput = false, EditOutput = (Tensor output, Tensor input) => input }))
            net.call(x).Dispose();
        Assert.Equal(before, Live.Tensors);

        static Tensor Fail(Tensor output, Tensor input) => throw new NotSupportedException();
    }

    private sealed class AddsInPlace() : nn.Module<Tensor, Tensor, Tensor>("AddsInPlace")
    {
        public override Tensor forward(Tensor a, Tensor b) => a.add_(b);
    }
}
