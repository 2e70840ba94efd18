using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>RetainGrad at calls where gradients are switched off, as a teacher's or a checkpointed layer's are.</summary>
public class RetainGradWithoutGradientsTests
{
    private const string Message =
        "This call of layer 'a' (Linear) has no gradient: it ran where gradients are switched off (no_grad or inference_mode). "
        + "With History = CallHistory.All, Calls holds the calls that have one.";

    private readonly Tensor _x = randn(2, 3);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Call_without_gradients_is_kept_and_reading_its_gradient_is_the_error(bool inference, bool clone)
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true, Clone = clone, RetainInput = true });
        using (inference ? inference_mode() : no_grad())
        {
            Tensor plain = ((Linear)net.GetModule("a")).forward(_x);
            Assert.False(net.call(_x).requires_grad);
            TensorAssert.Same(plain, trace.Output);
            TensorAssert.Same(_x, trace.Input);
        }

        Messages.Same(Message, () => trace.Gradient);
        Messages.Same(Message, () => trace.Calls[0].Gradient);
    }

    [Fact]
    public void Calls_with_and_without_gradients_of_one_pass_are_told_apart()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true, History = CallHistory.All });
        using (no_grad())
            net.call(_x);
        net.call(_x).sum().backward();
        using (no_grad())
            net.call(_x);
        Assert.Equal(3, trace.CallCount);
        Assert.Equal([2, 4], trace.Calls[1].Gradient.shape);
        Messages.Same(Message, () => trace.Calls[0].Gradient);
        Messages.Same(Message, () => trace.Gradient);
    }

    [Fact]
    public void Tuple_without_gradients_is_kept_and_reading_its_gradients_is_the_error()
    {
        using var layer = new Returns<(Tensor, Tensor)>(x => (x * 2, x.argmax(1)));
        using var trace = new Trace(layer, null, new() { RetainGrad = true });
        using (no_grad())
            layer.call(_x);
        TensorAssert.Same(_x * 2, trace.OutputAs<(Tensor, Tensor)>().Item1);
        Assert.Contains("switched off", Assert.Throws<InvalidOperationException>(() => trace.GradientAs<(Tensor, Tensor)>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Edit_of_the_gradient_leaves_a_call_without_gradients_alone()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { RetainGrad = true, EditGradient = (Tensor gradient) => gradient * 0 });
        Tensor plain;
        using (no_grad())
            plain = net.call(_x);
        trace.Dispose();
        TensorAssert.Same(net.call(_x), plain);
    }
}
