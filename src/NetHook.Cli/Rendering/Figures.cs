using System.Globalization;

namespace NetHook.Cli;

/// <summary>Numbers as the tool writes them, the same in every country.</summary>
internal static class Figures
{
    /// <summary>At most seven characters: 0.123, 12.3, 123, -1.2e-3, 4.5e6.</summary>
    public static string Real(double value)
    {
        double size = Math.Abs(value);
        if (value == 0)
            return "0";
        if (!double.IsFinite(value))
            return value.ToString(CultureInfo.InvariantCulture);
        if (size is < 0.01 or >= 99_999.5)
            return value.ToString("0.0e0", CultureInfo.InvariantCulture);
        int decimals = Math.Max(0, 2 - (int)Math.Floor(Math.Log10(size)));
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    /// <summary>Two decimals where they say something: 0.04, 12.3, 250.</summary>
    public static string Milliseconds(double value) =>
        value.ToString(value < 9.995 ? "F2" : value < 99.95 ? "F1" : "F0", CultureInfo.InvariantCulture);

    public static string Percent(double probability) => (100 * probability).ToString("F2", CultureInfo.InvariantCulture) + " %";

    /// <summary>As short as it is exact: 3, 0.5.</summary>
    public static string Plain(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>97%, 0%.</summary>
    public static string WholePercent(double probability) => (100 * probability).ToString("F0", CultureInfo.InvariantCulture) + "%";

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"1 layer", "2 layers".</summary>
    public static string Count(long number, string noun) => Count(number, noun, noun + "s");

    /// <summary>"1 batch", "2 batches".</summary>
    public static string Count(long number, string noun, string nouns) => $"{Count(number)} {(number == 1 ? noun : nouns)}";

    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
