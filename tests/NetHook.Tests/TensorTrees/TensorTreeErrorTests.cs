using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class TensorTreeErrorTests
{
    [Fact]
    public void Value_that_contains_itself_is_refused()
    {
        var list = new List<object>();
        list.Add(new object[] { list });

        Assert.Equal(
            "This List<object> contains itself, so that there is no end to taking it apart.",
            Assert.Throws<InvalidOperationException>(() => TensorTree.RecursiveCopy(list)).Message);
        Assert.Throws<InvalidOperationException>(() => TensorTree.Tensors(list));
    }

    [Fact]
    public void Unknown_type_is_named_with_the_way_out()
    {
        const string Message = "Where the tensors are in a Unknown is not known. Make it a record, give it public properties that can be set, or say how it "
            + "is taken apart: TensorTree.Register<Unknown>(takeApart, rebuild).";
        using Tensor held = ones(1);
        var unknown = new Unknown(held);

        Assert.Equal(Message, Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy(unknown)).Message);
        Assert.Equal(Message, Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy<object>(new[] { unknown })).Message);
        Assert.Throws<NotSupportedException>(() => TensorTree.Tensors((1, unknown)));
    }

    [Fact]
    public void Subclass_of_a_known_collection_is_not_taken_for_it() =>
        Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy<List<Tensor>>(new TensorList()));

    [Fact]
    public void Sequence_that_exists_only_while_it_is_read_is_refused() =>
        Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy(Enumerable.Range(0, 2).Select(i => tensor(i))));

    [Fact]
    public void Parameter_declared_as_such_has_no_copy()
    {
        using var parameter = new Parameter(ones(1));
        Assert.Equal(
            "A Parameter stands where a Parameter is declared, and what is made of it (a Tensor) is none. Declare a base type of both.",
            Assert.Throws<InvalidOperationException>(() => TensorTree.RecursiveCopy(new[] { parameter })).Message);
    }

    [Fact]
    public void Failure_half_way_disposes_what_was_made()
    {
        using Tensor a = ones(1);
        using Tensor b = ones(1);
        object[] value = new object[] { a, new List<Tensor> { b }, (a, new Unknown(a)) };
        long before = Live.Tensors;

        Assert.Throws<NotSupportedException>(() => TensorTree.RecursiveCopy(value, clone: true));

        Assert.Equal(before, Tensor.TotalCount);
        Assert.False(a.IsInvalid);
    }

    [Fact]
    public void Refused_gradients_leave_no_tensors_behind()
    {
        using Tensor integers = arange(3);
        long before = Live.Tensors;

        Assert.Throws<InvalidOperationException>(() => TensorTree.RecursiveCopy((integers, integers), retainGrad: true));

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Copies_are_as_many_as_the_tensors_copied()
    {
        using Tensor a = ones(1);
        long before = Live.Tensors;

        (Tensor a, Tensor[]) copy = TensorTree.RecursiveCopy((a, new[] { a, a }), clone: true, detach: true);
        Assert.Equal(before + 1, Tensor.TotalCount);

        TensorTree.Free(copy);
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Unknown(Tensor held)
    {
        public Tensor Held { get; } = held;
    }

    private sealed class TensorList : List<Tensor>;
}
