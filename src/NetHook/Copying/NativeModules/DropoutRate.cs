using static TorchSharp.torch;

namespace NetHook;

/// <summary>Tells a dropout rate from what dropout multiplies the elements that it keeps by, 1 / (1 - rate).</summary>
internal static class DropoutRate
{
    private const int Decimals = 4;
    private const int LargestDenominator = 16;

    /// <summary>Whether numbers of a type are precise enough to tell one rate from its neighbours.</summary>
    internal static bool IsTold(ScalarType observedAs) => observedAs is ScalarType.Float32 or ScalarType.Float64;

    /// <summary>
    /// The rate, if one of up to four decimals, or a simple fraction, fits and its neighbours would not; null otherwise. Precise
    /// to rounding, what was observed can be no other rate that anyone would choose.
    /// </summary>
    internal static double? FromScale(double scale, ScalarType observedAs)
    {
        double error = observedAs == ScalarType.Float64 ? 1e-13 : 4e-6;
        double rate = 1 - (1 / scale);
        bool Fits(double candidate) => candidate is >= 0 and < 1 && Math.Abs((1 / (1 - candidate)) - scale) <= error * scale;

        double rounded = Math.Round(rate, Decimals);
        if (Fits(rounded))
            return rounded;
        for (int denominator = 3; denominator <= LargestDenominator; denominator++)
        {
            double fraction = Math.Round(rate * denominator) / denominator;
            if (Fits(fraction))
                return fraction;
        }

        return null;
    }
}
