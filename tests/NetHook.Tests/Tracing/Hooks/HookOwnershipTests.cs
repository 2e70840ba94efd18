using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>A hook keeps no more than it was asked for, tells of each call that it was not to see, and frees what it took if a call fails.</summary>
[Collection(LiveTensors.Name)]
public sealed class HookOwnershipTests : IDisposable
{
    private static readonly Delegate Watch = Tensor? (Tensor output) => null;
    private static readonly Delegate WatchInput = Tensor? (Tensor output, Tensor input) => null;
    private static readonly Delegate Fail = Tensor? (Tensor output) => throw new TimeoutException();
    private static readonly Delegate FailAtInput = Tensor? (Tensor output, Tensor input) => throw new TimeoutException();

    private readonly nn.Module<Tensor, Tensor> _layer = nn.Identity();
    private readonly ReLU _inPlace = nn.ReLU(inplace: true);
    private readonly Tensor _x = ones(2, requires_grad: true);

    public static TheoryData<string> Keeping => ["nothing", "an edit", "an edit of the input", "an edit that takes the input"];

    public static TheoryData<string> Seeing => ["output", "input", "edit"];

    [Theory]
    [MemberData(nameof(Keeping))]
    public void Nothing_is_kept_that_was_not_asked_for(string what)
    {
        using var trace = new Trace(_inPlace, null, new()
        {
            RetainOutput = false,
            EditOutput = what == "an edit" ? Watch : what == "an edit that takes the input" ? WatchInput : null,
            EditInput = what == "an edit of the input" ? Watch : null,
        });
        long before = Live.Tensors;

        Call(_inPlace);

        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Output_alone_is_kept_where_the_edit_takes_the_input()
    {
        using var trace = new Trace(_inPlace, null, new() { EditOutput = WatchInput });
        long before = Live.Tensors;

        Call(_inPlace);

        Assert.Equal(before + 1, Tensor.TotalCount);
    }

    [Fact]
    public void Input_alone_is_kept_where_no_output_was_asked_for()
    {
        using var trace = new Trace(_layer, null, new() { RetainInput = true, RetainOutput = false });
        long before = Live.Tensors;

        Call(_layer);

        Assert.Equal(before + 1, Tensor.TotalCount);
    }

    [Fact]
    public void Hook_before_the_call_is_there_only_for_inputs()
    {
        using (new Trace(_layer, null, new() { EditOutput = WatchInput }))
            Assert.Single(Hooks.Of(_layer));
        using (new Trace(_layer, null, new() { RetainInput = true }))
            Assert.Equal(2, Hooks.Of(_layer).Count);
    }

    [Theory]
    [MemberData(nameof(Seeing))]
    public void Calls_of_other_flows_are_counted_until_Clear(string what)
    {
        ExecutionContext elsewhere = ExecutionContext.Capture()!;
        using var trace = new Trace(_layer, null, new()
        {
            Scope = TraceScope.CurrentFlow,
            RetainInput = what == "input",
            EditOutput = what == "edit" ? Watch : null,
        });
        for (int i = 0; i < 2; i++)
            ExecutionContext.Run(elsewhere.CreateCopy(), _ => Call(_layer), null);

        Assert.Equal(2, Assert.Throws<LayerNotRunException>(() => trace.Output).CallsInOtherFlows);
        trace.Clear();
        Assert.Equal(0, Assert.Throws<LayerNotRunException>(() => trace.Output).CallsInOtherFlows);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Inputs_are_freed_if_an_edit_throws(bool takesInput)
    {
        using var trace = new Trace(_inPlace, null, new() { RetainInput = true, EditOutput = takesInput ? FailAtInput : Fail });
        long before = Live.Tensors;

        Assert.Throws<TimeoutException>(() => Call(_inPlace));

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Copy_for_an_edit_is_freed_if_the_edit_throws()
    {
        using var trace = new Trace(_inPlace, null, new() { RetainOutput = false, EditOutput = FailAtInput });
        long before = Live.Tensors;

        Assert.Throws<TimeoutException>(() => Call(_inPlace));

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Output_is_freed_if_what_follows_it_throws(bool retainGrad)
    {
        TensorTree.Register<Box>(box => [box.Content], (box, parts) => box.Rebuilt((Tensor)parts[0]!));
        using var layer = new Returns<Box>(x => new(x.alias()));
        using var trace = new Trace(layer, null, new() { RetainInput = true, RetainGrad = retainGrad, EditGradient = retainGrad ? null : Watch });
        long before = Live.Tensors;

        using (NewDisposeScope())
            Assert.Throws<TimeoutException>(() => layer.call(_x));

        Assert.Equal(before, Tensor.TotalCount);
    }

    public void Dispose()
    {
        _layer.Dispose();
        _inPlace.Dispose();
        _x.Dispose();
    }

    // In a scope: what TorchSharp drops, when a hook throws, is none of the hook's.
    private void Call(nn.Module<Tensor, Tensor> layer)
    {
        using DisposeScope scope = NewDisposeScope();
        layer.call(_x + 1);
    }

    /// <summary>Can be rebuilt once, as a capture, and not again.</summary>
    private sealed class Box(Tensor content)
    {
        private bool _kept;

        public Tensor Content => content;

        public Box Rebuilt(Tensor part) => _kept ? throw new TimeoutException() : new Box(part) { _kept = Keep() };

        private bool Keep() => _kept = true;
    }
}
