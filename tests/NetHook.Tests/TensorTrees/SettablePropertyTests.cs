using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Objects of ordinary classes and structs, whose tensors are in public properties that can be set.</summary>
public class SettablePropertyTests
{
    private readonly Tensor _a = tensor(1f);
    private readonly Tensor _b = tensor(2f);

    public static TheoryData<string> Kinds => ["class", "derived", "struct", "init", "hand-written", "field", "nested"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Object_is_rebuilt_with_copies_in_the_same_places(string kind)
    {
        object original = Make(kind);
        object copy = TensorTree.RecursiveCopy(original, clone: true);
        Assert.IsType(original.GetType(), copy);
        Assert.NotSame(original, copy);
        Assert.Equal([1f, 2f], TensorTree.Tensors(copy).Select(tensor => tensor.item<float>()));
        Assert.DoesNotContain(TensorTree.Tensors(copy), tensor => ReferenceEquals(tensor, _a) || ReferenceEquals(tensor, _b));
        Assert.Equal([_a, _b], TensorTree.Tensors(original), ReferenceEqualityComparer.Instance);
    }

    [Fact]
    public void Everything_else_in_an_object_is_as_it_was()
    {
        Output copy = TensorTree.RecursiveCopy(new Output { First = _a, Second = [_b], Name = "name" });
        Assert.Equal(("name", 7), (copy.Name, copy.Count));
    }

    [Fact]
    public void Layer_that_returns_an_object_is_kept_edited_and_collects_gradients()
    {
        using var layer = new Returns<Output>(x => new() { First = x * 2, Second = [x * 3] });
        using var trace = new Trace(layer, null, new() { RetainGrad = true, EditOutput = (Output output) => new Output { First = output.First * 10, Second = output.Second } });
        Output result = layer.call(tensor(1f, requires_grad: true));
        (result.First + result.Second[0]).backward();
        Assert.Equal(20f, trace.OutputAs<Output>().First.item<float>());
        Assert.Equal(1f, trace.GradientAs<Output>().Second[0].item<float>());
    }

    private object Make(string kind) => kind switch
    {
        "class" => new Output { First = _a, Second = [_b] },
        "derived" => new Derived { First = _a, Second = [], Mask = _b },
        "struct" => new Struct { First = _a, Second = _b },
        "init" => new Init { First = _a, Second = _b },
        "hand-written" => new HandWritten { First = _a, Second = _b },
        "field" => new Field { First = _a, Second = _b },
        _ => new List<(Output, int)> { (new Output { First = _a, Second = [_b] }, 1) },
    };

    private class Output
    {
        public Tensor First { get; set; } = null!;

        public List<Tensor> Second { get; set; } = null!;

        public string Name { get; set; } = "";

        public int Count { get; private set; } = 7;
    }

    private sealed class Derived : Output
    {
        public Tensor? Mask { get; set; }
    }

    private struct Struct
    {
        public Tensor First { get; set; }

        public Tensor Second { get; set; }
    }

    private sealed class Init
    {
        public required Tensor First { get; init; }

        public required Tensor Second { get; init; }
    }

    private sealed class HandWritten
    {
        private Tensor _first = null!;
        private Tensor _second = null!;

        public Tensor First
        {
            get => _first;
            set => _first = value;
        }

        public Tensor Second
        {
            get => _second;
            set => _second = value;
        }
    }

    private sealed class Field
    {
        public Tensor First = null!;
        public Tensor Second = null!;
    }
}
