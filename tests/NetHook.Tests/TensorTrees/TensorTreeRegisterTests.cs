using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class TensorTreeRegisterTests
{
    [Fact]
    public void Registered_type_is_taken_apart_and_rebuilt_wherever_it_stands()
    {
        using Tensor tensor = ones(2);
        var box = new Box(tensor, "kept");

        // Refused before, also where a plan that holds it was made before.
        Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy((box, 1)));
        TensorTree.Register<Box>(b => [b.Content], (b, parts) => new Box((Tensor)parts[0]!, b.Label));

        (Box? first, object[]? second) = TensorTree.RecursiveCopy((box, new object[] { box }), clone: true);

        Assert.NotSame(box, first);
        Assert.Same(first, second[0]);
        Assert.Equal("kept", first.Label);
        Assert.NotSame(tensor, first.Content);
        Assert.Same(tensor, Assert.Single(TensorTree.Tensors(box)));
    }

    [Fact]
    public void Parts_may_be_anything_that_can_be_taken_apart()
    {
        TensorTree.Register<Many>(m => [m.Contents, 3], (_, parts) => new Many((List<Tensor>)parts[0]!));

        Many copy = TensorTree.RecursiveCopy(new Many([ones(1), zeros(1)]));

        Assert.Equal(2, copy.Contents.Count);
    }

    [Fact]
    public void Later_registration_takes_the_place_of_an_earlier_one()
    {
        TensorTree.Register<Relabelled>(_ => [], (_, _) => new Relabelled("first"));
        Assert.Equal("first", TensorTree.RecursiveCopy(new Relabelled("")).Label);

        TensorTree.Register<Relabelled>(_ => [], (_, _) => new Relabelled("second"));

        Assert.Equal("second", TensorTree.RecursiveCopy(new Relabelled("")).Label);
        Assert.Equal("second", ((Relabelled)TensorTree.RecursiveCopy<object>(new Relabelled(""))).Label);
    }

    [Fact]
    public void Tensors_cannot_be_registered() =>
        Assert.Equal(
            "Parameter is a tensor, which has no parts.",
            Assert.Throws<ArgumentException>(() => TensorTree.Register<Parameter>(_ => [], (p, _) => p)).Message);

    private sealed class Box(Tensor content, string label)
    {
        public Tensor Content { get; } = content;

        public string Label { get; } = label;
    }

    private sealed class Many(List<Tensor> contents)
    {
        public List<Tensor> Contents { get; } = contents;
    }

    private sealed class Relabelled(string label)
    {
        public string Label { get; } = label;
    }
}
