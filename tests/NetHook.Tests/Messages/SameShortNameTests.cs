using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

/// <summary>Types of the user's own that are called as TorchSharp's: messages tell them apart by their namespaces.</summary>
public class SameShortNameTests
{
    [Fact]
    public void GetModule_of_a_type_tells_both_types_in_full()
    {
        using TorchSharp.Modules.Sequential net = Sequential(("ln", new LayerNorm()), ("ours", nn.LayerNorm(2)));
        Messages.Same(
            "In Sequential, 'ln' is a NetHook.Tests.SameShortNameTests.LayerNorm, not a TorchSharp.Modules.LayerNorm.",
            () => net.GetModule<TorchSharp.Modules.LayerNorm>("ln"));
        Messages.Same(
            "In Sequential, 'ours' is a TorchSharp.Modules.LayerNorm, not a NetHook.Tests.SameShortNameTests.LayerNorm.",
            () => net.GetModule<LayerNorm>("ours"));
        Messages.Same("In Sequential, 'ln' is a LayerNorm, not a Linear.", () => net.GetModule<TorchSharp.Modules.Linear>("ln"));
    }

    [Fact]
    public void Edit_that_declares_the_other_type_is_told_both_types_in_full()
    {
        using var layer = new LayerNorm();
        Assert.Contains(
            "'module' is NetHook.Tests.SameShortNameTests.LayerNorm here, not TorchSharp.Modules.LayerNorm",
            Assert.Throws<ArgumentException>(() => new Trace(layer, null, new() { EditOutput = (Tensor output, TorchSharp.Modules.LayerNorm module) => output })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Value_read_or_returned_as_the_other_type_is_told_both_types_in_full()
    {
        using var layer = new Returns<Size>(_ => new Size(1));
        using (var trace = new Trace(layer))
        {
            layer.call(zeros(1));
            Messages.Same(
                "The output of layer '' (the model itself, Returns<Size>) is NetHook.Tests.SameShortNameTests.Size, not TorchSharp.torch.Size. "
                + "Read it with OutputAs<NetHook.Tests.SameShortNameTests.Size>().",
                () => trace.OutputAs<torch.Size>());
        }

        using var edit = new Trace(layer, null, new() { EditOutput = (Size output) => (object)new torch.Size([1]) });
        Messages.Same(
            "EditOutput of layer '' (the model itself, Returns<Size>) returned TorchSharp.torch.Size, and its output is "
            + "NetHook.Tests.SameShortNameTests.Size. Return that, or null to leave the output as it is.",
            () => layer.call(zeros(1)));
    }

    [Fact]
    public void Replacement_of_the_other_type_is_told_both_types_in_full()
    {
        using var net = new Net();
        Assert.Contains("it is declared as TorchSharp.Modules.LayerNorm.", Assert.Throws<ModuleReplacementException>(() => net.ReplaceModule("ln", new LayerNorm())).Message, StringComparison.Ordinal);
    }

    private sealed class LayerNorm() : Module<Tensor, Tensor>("LayerNorm")
    {
        public override Tensor forward(Tensor input) => input;
    }

    private sealed record Size(int Length);

    private sealed class Net : Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.LayerNorm ln = nn.LayerNorm(2);

        public Net()
            : base(nameof(Net)) => RegisterComponents();

        public override Tensor forward(Tensor input) => ln.call(input);
    }
}
