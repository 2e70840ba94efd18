using static TorchSharp.torch;

namespace NetHook;

/// <summary>Tells a dropout rate from what dropout multiplies the elements that it keeps by, 1 / (1 - rate).</summary>
internal static class DropoutRate
{
    private const int Decimals = 4;
    private const int LargestDenominator = 16;

    /// <summary>
    /// The rate, if one of up to four decimals, or a simple fraction, fits and its neighbours would not; null otherwise. Precise
    /// to rounding, what was observed can be no other rate that anyone would choose.
    /// </summary>
    internal static double? FromScale(double scale, ScalarType observedAs)
    {
        var error = observedAs switch { ScalarType.Float64 => 1e-13, ScalarType.Float32 => 4e-6, _ => 1 };
        var rate = 1 - (1 / scale);
        var grid = Math.Pow(10, -Decimals);
        // A neighbouring rate changes the scale by grid * scale * scale.
        if (error > grid * scale / 4)
            return null;
        bool Fits(double candidate) => candidate is >= 0 and < 1 && Math.Abs((1 / (1 - candidate)) - scale) <= error * scale;

        var rounded = Math.Round(rate, Decimals);
        if (Fits(rounded))
            return rounded;
        for (var denominator = 3; denominator <= LargestDenominator; denominator++)
        {
            var fraction = Math.Round(rate * denominator) / denominator;
            if (Fits(fraction))
                return fraction;
        }

        return null;
    }
}
