using System.Globalization;

namespace NetHook;

/// <summary>What embeddings and embedding bags have in common. A padding index counts from the first row.</summary>
internal sealed record EmbeddingSettings(long? PaddingIndex, double? MaxNorm, double NormType, bool ScaleGradientByFrequency, bool Sparse)
{
    // Larger than any weight, and small enough that its tenth power is still a number.
    private const double Large = 1e30;

    /// <summary>The fewest rows an embedding with this padding can have.</summary>
    internal long FewestRows => (PaddingIndex ?? 0) + 1;

    internal static EmbeddingSettings Observe(EmbeddingProbe probe)
    {
        (long? padding, bool scale, bool sparse) = probe.ObserveGradient();
        var settings = new EmbeddingSettings(padding, null, 2, scale, sparse);
        double left = probe.ObserveRow(settings.FewestRows, Large)[0];
        if (left == Large)
            return settings;

        // libtorch multiplies a row whose norm is too large by maximum / (norm + 1e-7).
        double maximum = Nice(left, candidate => Large * (candidate / (Large + 1e-7)) == left);
        double value = (4 * Math.Abs(maximum)) + 1;
        double pair = probe.ObserveRow(settings.FewestRows, value, value)[0];
        double normOverValue = (maximum / pair) - (1e-7 / value);
        double inverse = Math.Log2(normOverValue);
        return settings with
        {
            MaxNorm = maximum,
            NormType = maximum == 0 || !double.IsFinite(inverse) ? 2
                : Math.Abs(inverse) < 1e-12 ? double.PositiveInfinity
                : Nice(1 / inverse, candidate => Math.Abs((candidate * inverse) - 1) < 1e-9),
        };
    }

    /// <summary>Whether two embeddings limit the norm of a row alike: what was observed may have been explained wrongly.</summary>
    internal bool LimitAlike(EmbeddingProbe one, EmbeddingProbe other)
    {
        double[] values = Enumerable.Range(1, 16).Select(column => (column % 2 == 0 ? Large : -Large) / column).ToArray();
        return one.ObserveRow(FewestRows, values).AsSpan().SequenceEqual(other.ObserveRow(FewestRows, values));
    }

    /// <summary>The number with the fewest digits that fits what was observed.</summary>
    private static double Nice(double observed, Func<double, bool> fits)
    {
        for (int digits = 1; digits <= 16; digits++)
        {
            double candidate = double.Parse(observed.ToString("E" + (digits - 1), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (fits(candidate))
                return candidate;
        }

        return observed;
    }
}
