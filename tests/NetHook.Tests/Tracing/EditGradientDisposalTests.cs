using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Edits of gradients that dispose the gradient which they are given.</summary>
public class EditGradientDisposalTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Edit_that_disposes_its_argument_and_returns_another_is_used()
    {
        Tensor edited = GradientOfFirstLayer(gradient =>
        {
            using Tensor given = gradient;
            return given * 2;
        });
        TensorAssert.Near(GradientOfFirstLayer(null) * 2, edited);
    }

    [Fact]
    public void Edit_that_disposes_its_argument_and_returns_null_leaves_the_gradient()
    {
        Tensor edited = GradientOfFirstLayer(gradient =>
        {
            gradient.Dispose();
            return null;
        });
        TensorAssert.Near(GradientOfFirstLayer(null), edited);
    }

    [Fact]
    public void Edit_that_disposes_its_argument_and_throws_is_said_to_have_thrown() => Fails(
        "EditGradient of layer 'a' (Linear) threw during backward(): the edit's own failure Every gradient that flowed through it is NaN since.",
        gradient =>
        {
            gradient.Dispose();
            throw new InvalidOperationException("the edit's own failure");
        });

    [Fact]
    public void Edit_that_disposes_its_argument_and_returns_it_is_said_to_return_a_disposed_tensor() => Fails(
        "EditGradient of layer 'a' (Linear) threw during backward(): EditGradient of layer 'a' (Linear) returned a tensor that is disposed. "
        + "If the edit works in a dispose scope of its own, return result.MoveToOuterDisposeScope(); if it disposes what it was given, return "
        + "another tensor. Every gradient that flowed through it is NaN since.",
        gradient =>
        {
            gradient.Dispose();
            return gradient;
        });

    [Fact]
    public void Edit_that_disposes_its_argument_and_returns_a_wrong_shape_is_told_both_shapes() => Fails(
        "EditGradient of layer 'a' (Linear) threw during backward(): EditGradient of layer 'a' (Linear) was given a gradient of shape [2, 4] and "
        + "returned one of shape []. Return one of the same shape. Every gradient that flowed through it is NaN since.",
        gradient =>
        {
            using Tensor given = gradient;
            return given.sum();
        });

    private void Fails(string message, Func<Tensor, Tensor?> edit)
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditGradient = edit });
        net.call(_x).sum().backward();
        Assert.True(net.GetParameter("a.weight").grad!.isnan().all().ToBoolean());
        Messages.Same(message, () => net.call(_x));
    }

    private Tensor GradientOfFirstLayer(Func<Tensor, Tensor?>? edit)
    {
        manual_seed(1);
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { EditGradient = edit });
        net.call(_x).sum().backward();
        net.call(_x);
        return net.GetParameter("a.weight").grad!.clone();
    }
}
