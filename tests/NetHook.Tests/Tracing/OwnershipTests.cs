using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>DESIGN's rule: each read is a fresh handle of the reader's, the trace's own handle is the trace's.</summary>
[Collection(LiveTensors.Name)]
public class OwnershipTests
{
    [Fact]
    public void Output_survives_the_disposals_of_Sequential_and_of_a_scope_in_the_model()
    {
        using var scoped = new ScopedNet();
        using var inScope = new Trace(scoped, "first");
        using var inSequential = new Trace(scoped, "body.relu");
        scoped.call(randn(2, 3));
        Assert.False(inScope.Output.IsInvalid);
        TensorAssert.Same(inScope.Output.relu(), inSequential.Output);
    }

    [Fact]
    public void Output_read_before_the_next_pass_stays_valid_after_it()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        Tensor first = net.call(randn(2, 3));
        Tensor read = trace.Output;
        net.call(randn(2, 3));
        TensorAssert.Same(first, read);
        trace.Dispose();
        TensorAssert.Same(first, read);
    }

    [Fact]
    public void Output_read_inside_a_scope_dies_with_the_scope_and_the_trace_keeps_its_own()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        net.call(randn(2, 3));
        Tensor read;
        using (NewDisposeScope())
            read = trace.Output;
        Assert.True(read.IsInvalid);
        Assert.False(trace.Output.IsInvalid);
    }

    [Fact]
    public void Pass_inside_a_scope_leaves_the_trace_its_capture()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c", new() { RetainInput = true });
        using (NewDisposeScope())
            net.call(randn(2, 3));
        Assert.Equal([2, 2], trace.Output.shape);
        Assert.Equal([2, 4], trace.Input.shape);
    }

    [Fact]
    public void Two_reads_are_two_handles_to_one_storage()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        net.call(randn(2, 3));
        (Tensor one, Tensor two) = (trace.Output, trace.Output);
        Assert.NotSame(one, two);
        TensorAssert.SameStorage(one, two);
        one.Dispose();
        Assert.False(two.IsInvalid);
    }

    [Fact]
    public void Reading_after_dispose_throws()
    {
        using Sequential net = Models.Small();
        var trace = new Trace(net, "c", new() { RetainInput = true });
        net.call(randn(2, 3));
        trace.Dispose();
        trace.Dispose();
        Assert.Throws<ObjectDisposedException>(() => trace.Output);
        Assert.Throws<ObjectDisposedException>(() => trace.Input);
        Assert.Throws<ObjectDisposedException>(() => trace.Calls);
        Assert.Throws<ObjectDisposedException>(() => trace.Clear());
        Assert.Throws<ObjectDisposedException>(() => trace.Run(() => { }));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Trace_over_many_batches_holds_one_capture_and_dispose_frees_it(bool retainInput, bool clone)
    {
        using Sequential net = Models.Small();
        using Tensor x = randn(2, 3);
        long before = Live.Tensors;
        using (var trace = new TraceDict(net, ["a", "b", "c"], new() { RetainInput = retainInput, Clone = clone }))
        {
            for (int i = 0; i < 200; i++)
            {
                net.call(x).Dispose();
                using (NewDisposeScope())
                    _ = trace["c"].Output;
            }

            Assert.Equal(before + (retainInput ? 6 : 3), torch.Tensor.TotalCount);
        }

        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Captures_of_a_pass_that_threw_are_freed()
    {
        using var net = new ScopedNet { Fail = true };
        using Tensor x = randn(2, 3);
        long before = Live.Tensors;
        using (var traces = new TraceDict(net, ["", "first", "body.relu"], new() { RetainInput = true }))
        {
            for (int i = 0; i < 50; i++)
                Assert.Throws<InvalidOperationException>(() => net.call(x));
            Assert.True(torch.Tensor.TotalCount - before <= 3, "one output and input of 'first', and one pending input of the model");
        }

        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void Clear_frees_what_was_kept()
    {
        using Sequential net = Models.Small();
        using Tensor x = randn(2, 3);
        using var trace = new Trace(net, "c", new() { RetainInput = true });
        long before = Live.Tensors;
        net.call(x).Dispose();
        Assert.Equal(before + 2, torch.Tensor.TotalCount);
        trace.Clear();
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal(0, trace.CallCount);
    }
}
