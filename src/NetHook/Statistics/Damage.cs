using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Something in a statistic's accumulators that no samples can have led to.</summary>
/// <param name="Name">The accumulator, or null if it is about several.</param>
/// <param name="Problem">What is wrong, in a sentence.</param>
internal sealed record Damage(string? Name, string Problem)
{
    private const double Rounding = 1e-6;
    private const long RowsAtOnce = 256;

    /// <summary>Something, if the tensor holds NaN or infinity.</summary>
    public static Damage? OfNotFinite(string name, Tensor tensor) =>
        tensor.isfinite().all().item<bool>() ? null : new(name, "It holds NaN or infinity.");

    /// <summary>Something, if the tensor, of one element or more, holds less than 0.</summary>
    public static Damage? OfNegative(string name, Tensor tensor, string what)
    {
        double least = tensor.min().to(ScalarType.Float64).item<double>();
        return least >= 0 ? null : new(name, string.Create(CultureInfo.InvariantCulture, $"It holds {least}, and {what} cannot be negative."));
    }

    /// <summary>Something, if the matrix is not one of sums of products: finite, symmetric but for rounding, and with sums of squares on its diagonal.</summary>
    public static Damage? OfProducts(string name, Tensor matrix) =>
        OfNotFinite(name, matrix)
            ?? OfNegative(name, matrix.diagonal(), "a sum of squares")
            ?? (IsSymmetric(matrix) ? null : new(name, "It is not symmetric, as sums of products are."));

    // In pieces: the matrix may be as large as the memory.
    private static bool IsSymmetric(Tensor matrix)
    {
        double most = Largest(matrix) * Rounding;
        for (long first = 0; first < matrix.shape[0]; first += RowsAtOnce)
        {
            using DisposeScope piece = NewDisposeScope();
            long count = Math.Min(RowsAtOnce, matrix.shape[0] - first);
            if (Largest(matrix.narrow(0, first, count) - matrix.narrow(1, first, count).t()) > most)
                return false;
        }

        return true;
    }

    private static double Largest(Tensor tensor)
    {
        (Tensor least, Tensor most) = tensor.aminmax();
        return Math.Max(Math.Abs(least.item<double>()), Math.Abs(most.item<double>()));
    }
}
