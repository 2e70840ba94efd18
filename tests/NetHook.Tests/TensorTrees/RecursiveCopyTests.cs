using static TorchSharp.torch;

namespace NetHook.Tests;

public class RecursiveCopyTests
{
    private readonly Tensor _leaf = ones(2, 3, requires_grad: true);
    private readonly Tensor _inner;

    public RecursiveCopyTests() => _inner = _leaf * 2;

    [Fact]
    public void Plain_copy_is_a_new_handle_to_the_same_tensor()
    {
        Tensor copy = TensorTree.RecursiveCopy(_inner);

        Assert.NotSame(_inner, copy);
        copy.sum().backward();
        Assert.Equal(2, _leaf.grad![0, 0].item<float>());
        copy.Dispose();
        Assert.False(_inner.IsInvalid);
    }

    [Fact]
    public void Clone_stays_in_the_graph_and_has_storage_of_its_own()
    {
        Tensor copy = TensorTree.RecursiveCopy(_inner, clone: true);

        Assert.True(copy.requires_grad);
        using (no_grad())
            _inner.zero_();
        Assert.Equal(2, copy[0, 0].item<float>());
    }

    [Fact]
    public void Detached_copy_shares_storage_outside_the_graph()
    {
        Tensor copy = TensorTree.RecursiveCopy(_inner, detach: true);

        Assert.False(copy.requires_grad);
        copy.fill_(5);
        Assert.Equal(5, _inner[0, 0].item<float>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Detached_clone_shares_nothing(bool inGraph)
    {
        Tensor original = inGraph ? _inner : ones(2, 3);
        Tensor copy = TensorTree.RecursiveCopy(original, clone: true, detach: true);

        Assert.False(copy.requires_grad);
        copy.fill_(5);
        Assert.NotEqual(5, original[0, 0].item<float>());
        Assert.True(is_grad_enabled());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Flags_reach_tensors_at_any_depth(bool clone, bool detach)
    {
        (List<Dictionary<string, Tensor>>? copy, int _) = TensorTree.RecursiveCopy((new List<Dictionary<string, Tensor>> { new() { ["a"] = _inner } }, 1), clone, detach);
        Tensor deep = copy[0]["a"];

        Assert.Equal(!detach, deep.requires_grad);
        using (no_grad())
            _inner.fill_(9);
        Assert.Equal(clone ? 2 : 9, deep[0, 0].item<float>());
    }

    [Fact]
    public void Retained_gradient_of_an_inner_tensor_is_read_from_the_copy()
    {
        Tensor copy = TensorTree.RecursiveCopy(_inner, retainGrad: true);

        (_inner * 3).sum().backward();

        Assert.Equal(3, copy.grad![0, 0].item<float>());
    }

    [Fact]
    public void Retained_gradient_of_a_clone_is_that_of_what_is_computed_from_it()
    {
        Tensor copy = TensorTree.RecursiveCopy(_inner, clone: true, retainGrad: true);

        (copy * 3).sum().backward();

        Assert.Equal(3, copy.grad![0, 0].item<float>());
        Assert.Equal(6, _leaf.grad![0, 0].item<float>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Original_that_needs_no_gradient_stays_so_and_the_copy_is_a_leaf(bool clone)
    {
        using Tensor original = ones(2);

        Tensor copy = TensorTree.RecursiveCopy(original, clone, retainGrad: true);
        (copy * 3).sum().backward();

        Assert.False(original.requires_grad);
        Assert.True(copy.is_leaf);
        Assert.Equal(3, copy.grad![0].item<float>());
    }

    [Fact]
    public void Integers_beside_floating_point_are_copied_without_gradients()
    {
        (Tensor values, Tensor indices) = TensorTree.RecursiveCopy((_inner, arange(3)), retainGrad: true);

        Assert.True(values.requires_grad);
        Assert.False(indices.requires_grad);
    }

    [Fact]
    public void Integers_alone_cannot_retain_gradients() =>
        Assert.Equal(
            "retainGrad was asked for, but only floating-point and complex tensors have gradients; found Int64, Bool.",
            Assert.Throws<InvalidOperationException>(() => TensorTree.RecursiveCopy((arange(3), tensor(true)), retainGrad: true)).Message);

    [Fact]
    public void Gradients_cannot_be_retained_where_they_are_off()
    {
        using IDisposable off = no_grad();

        Assert.Equal(
            "retainGrad was asked for where gradients are switched off (no_grad or inference_mode): nothing would ever fill them in.",
            Assert.Throws<InvalidOperationException>(() => TensorTree.RecursiveCopy(_leaf, retainGrad: true)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Detach_and_retain_exclude_each_other(bool clone) =>
        Assert.Equal(
            "detach cuts the copy off from the graph, so that no gradient could reach it: ask for detach or for retainGrad, not for both. (Parameter 'detach')",
            Assert.Throws<ArgumentException>(() => TensorTree.RecursiveCopy(_leaf, clone, detach: true, retainGrad: true)).Message);

    [Fact]
    public void Copies_join_the_callers_dispose_scope()
    {
        Tensor copy;
        using (NewDisposeScope())
            copy = TensorTree.RecursiveCopy((_inner, 1)).Item1;

        Assert.True(copy.IsInvalid);
        Assert.False(_inner.IsInvalid);
    }
}
