using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>
/// Copies packed sequences. TorchSharp offers no way to make one from its parts, so the data is unpacked and packed
/// again: a copy holds storage of its own, connected to the original by the autograd graph where that is wanted.
/// </summary>
internal static class PackedSequences
{
    /// <summary>A sequence whose data is what <paramref name="map"/> makes of the original's; the order and lengths stay.</summary>
    internal static PackedSequence? Map(PackedSequence sequence, Func<Tensor, Tensor?> map)
    {
        Tensor? data = map(sequence.data);
        if (data is null || ReferenceEquals(data, sequence.data))
            return data is null ? null : sequence;

        using (data)
        {
            return Pack(data, sequence).MoveToOtherDisposeScope(TorchSharpInternals.OwningScope(data));
        }
    }

    /// <summary>Lets a copy collect gradients: what collected them before was the data from which the copy was packed.</summary>
    internal static void RetainGrad(PackedSequence copy)
    {
        if (copy.data.requires_grad)
            copy.data.retain_grad();
    }

    internal static void Visit(PackedSequence sequence, Action<Tensor> visit)
    {
        visit(sequence.data);
        visit(sequence.batch_sizes);
        if (!sequence.sorted_indices.IsInvalid)
            visit(sequence.sorted_indices);
        if (!sequence.unsorted_indices.IsInvalid)
            visit(sequence.unsorted_indices);
    }

    private static PackedSequence Pack(Tensor data, PackedSequence original)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor padded = Pad(data, original.batch_sizes, out Tensor? lengths);
        bool isSorted = original.unsorted_indices.IsInvalid;
        if (!isSorted)
        {
            padded = padded.index_select(1, original.unsorted_indices);
            lengths = lengths.index_select(0, original.unsorted_indices.cpu());
        }

        return pack_padded_sequence(padded, lengths, enforce_sorted: isSorted).DetachFromDisposeScope();
    }

    /// <summary>The rows as [steps, sequences, ...], longest sequence first; what lies behind a sequence's end is of no account.</summary>
    private static Tensor Pad(Tensor data, Tensor batchSizes, out Tensor lengths)
    {
        long[] sizes = batchSizes.data<long>().ToArray();
        long[] rows = new long[sizes.Length * sizes[0]];
        long[] ends = new long[sizes[0]];
        long start = 0L;
        for (int step = 0; step < sizes.Length; step++)
        {
            for (int i = 0; i < sizes[step]; i++)
            {
                rows[(step * sizes[0]) + i] = start + i;
                ends[i] = step + 1;
            }

            start += sizes[step];
        }

        lengths = tensor(ends);
        return data.index_select(0, tensor(rows, device: data.device)).view([sizes.Length, sizes[0], .. data.shape[1..]]);
    }
}
