using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>A run of numbers in a file of torch.save.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Dtype">The type of its numbers.</param>
/// <param name="Count">How many there are.</param>
internal sealed record PickledStorage(string Key, ScalarType Dtype, long Count);

/// <summary>A tensor of a file of torch.save, which is a view of a storage.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">The index of its first element in the storage.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Strides">How many elements of the storage lie between neighbours, by dimension.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    // As many as torch has; a product of more sizes may pass any number.
    private const int MostDimensions = 64;

    /// <summary>The bytes that it takes in memory on its own.</summary>
    public Int128 Bytes => Shape.Aggregate((Int128)Storage.Dtype.ElementSize(), (size, one) => size * one);

    /// <summary>Whether each of its elements is one of the storage's.</summary>
    public bool Fits
    {
        get
        {
            if (Offset < 0 || Shape.Length > MostDimensions || Shape.Length != Strides.Length || Shape.Any(size => size < 0) || Strides.Any(stride => stride < 0))
                return false;
            if (Shape.Contains(0))
                return true;
            Int128 last = Offset;
            for (int i = 0; i < Shape.Length; i++)
                last += (Int128)(Shape[i] - 1) * Strides[i];
            return last < Storage.Count && Bytes <= (Int128)Storage.Count * Storage.Dtype.ElementSize();
        }
    }
}
