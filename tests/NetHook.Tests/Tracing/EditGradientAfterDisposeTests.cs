using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>A backward pass through an edit of the gradient whose trace is gone: nobody is left to be told what it throws.</summary>
public class EditGradientAfterDisposeTests
{
    private readonly Tensor _x = randn(2, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradient_passes_through_once_the_trace_is_disposed(bool dict)
    {
        using Sequential net = Models.Small();
        net.call(_x).sum().backward();
        Tensor expected = net.GetParameter("a.weight").grad!.clone();
        net.zero_grad();
        int edits = 0;
        TraceOptions options = new() { EditGradient = Fail, RetainOutput = false };
        IDisposable trace = dict ? new TraceDict(net, ["a", "c"], options) : new Trace(net, "c", options);
        Tensor loss = net.call(_x).sum();
        trace.Dispose();
        loss.backward();
        TensorAssert.Same(expected, net.GetParameter("a.weight").grad!);
        Assert.Equal(0, edits);

        Tensor Fail(Tensor gradient)
        {
            edits++;
            throw new ObjectDisposedException("what the edit used");
        }
    }

    [Fact]
    public void Gradient_passes_through_an_edit_that_disposes_its_trace_and_throws()
    {
        using Sequential net = Models.Small();
        net.call(_x).sum().backward();
        Tensor expected = net.GetParameter("a.weight").grad!.clone();
        net.zero_grad();
        Trace? trace = null;
        trace = new Trace(net, "c", new() { EditGradient = Fail });
        net.call(_x).sum().backward();
        TensorAssert.Same(expected, net.GetParameter("a.weight").grad!);

        Tensor Fail(Tensor gradient)
        {
            trace!.Dispose();
            throw new InvalidOperationException();
        }
    }
}
