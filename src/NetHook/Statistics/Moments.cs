using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// Merges of moments that stay accurate where means are large: Chan, Golub and LeVeque, "Updating formulae and a
/// pairwise algorithm for computing sample variances", 1979.
/// </summary>
internal static class Moments
{
    /// <summary>
    /// Moves a mean of n samples by another m, in place. Gives the distance between the two means, and that distance
    /// times n m / (n + m): their product is what the merged squared deviations have beyond the sum of both.
    /// </summary>
    public static (Tensor Distance, Tensor Weighted) Shift(Tensor mean, long n, Tensor other, long m)
    {
        Tensor distance = other.to(mean.device) - mean;
        double share = (double)m / (n + m);
        mean.PlusInPlace(distance.Times(share));
        return (distance, distance.Times(share * n));
    }

    /// <summary>Divides sums of squared deviations by the number of samples, or by one less to be unbiased.</summary>
    public static Tensor Normalise(Tensor deviations, long count, bool unbiased) => deviations.DividedBy(unbiased ? count - 1 : count);
}
