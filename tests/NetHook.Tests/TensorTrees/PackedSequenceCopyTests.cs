using CsCheck;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class PackedSequenceCopyTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Copy_has_the_same_content_lengths_and_order(bool sorted) =>
        Gen.Int[1, 5].Array[1, 5].Sample(lengths =>
        {
            using DisposeScope scope = NewDisposeScope();
            PackedSequence packed = Pack(sorted ? [.. lengths.OrderDescending()] : lengths, sorted, out _);

            (PackedSequence? copy, int _) = TensorTree.RecursiveCopy((packed, 1), clone: true, detach: true);

            (Tensor expected, Tensor expectedLengths) = pad_packed_sequence(packed);
            (Tensor actual, Tensor actualLengths) = pad_packed_sequence(copy);
            return actual.allclose(expected) && actualLengths.allclose(expectedLengths)
                && copy.data.allclose(packed.data) && copy.batch_sizes.allclose(packed.batch_sizes)
                && !copy.data.requires_grad;
        }, iter: 30);

    [Fact]
    public void Copy_outlives_the_original()
    {
        using DisposeScope scope = NewDisposeScope();
        PackedSequence packed = Pack([2, 3], sorted: false, out _);
        PackedSequence copy = TensorTree.RecursiveCopy(packed);
        Tensor expected = packed.data.clone();

        packed.Dispose();

        Assert.True(pad_packed_sequence(copy).Item1.shape is [3, 2, 2]);
        Assert.True(copy.data.allclose(expected));
    }

    [Fact]
    public void Gradients_flow_through_a_copy_and_are_retained_on_it()
    {
        using DisposeScope scope = NewDisposeScope();
        PackedSequence packed = Pack([2, 3], sorted: false, out Tensor? input);

        PackedSequence copy = TensorTree.RecursiveCopy(packed, retainGrad: true);
        (copy.data * 3).sum().backward();

        Assert.True(copy.data.grad!.eq(3).all().item<bool>());
        Assert.Equal(3 * 5 * 2, input.grad!.sum().item<float>());
    }

    [Fact]
    public void Copying_leaves_nothing_behind_but_the_copy()
    {
        using DisposeScope outer = NewDisposeScope();
        PackedSequence packed = Pack([2, 3], sorted: false, out _);
        long before = Live.Tensors;

        TensorTree.Free((1, TensorTree.RecursiveCopy(packed, clone: true)));
        using (NewDisposeScope())
            TensorTree.RecursiveCopy(packed);

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Tensors_are_shown_one_by_one()
    {
        using DisposeScope scope = NewDisposeScope();
        PackedSequence packed = Pack([3, 2], sorted: false, out _);
        Assert.Equal(
            [packed.data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices],
            TensorTree.Tensors(packed),
            ReferenceEqualityComparer.Instance);
    }

    private static PackedSequence Pack(int[] lengths, bool sorted, out Tensor input)
    {
        input = randn(lengths.Max(), lengths.Length, 2, requires_grad: true);
        return pack_padded_sequence(input, tensor(lengths.Select(n => (long)n).ToArray()), enforce_sorted: sorted);
    }
}
