using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

/// <summary>Equal but for the last digits: two runs of torch may add in different orders.</summary>
internal static class Close
{
    private const double Tolerance = 1e-5;

    public static void Equal(double expected, double actual) => Assert.Equal(expected, actual, Tolerance);

    public static void Equal(IEnumerable<double> expected, IEnumerable<double> actual) => Assert.All(expected.Zip(actual), pair => Equal(pair.First, pair.Second));

    public static void Equal(IReadOnlyList<float> expected, IReadOnlyList<float> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Equal(expected.Select(value => (double)value), actual.Select(value => (double)value));
    }

    public static void Equal(NextToken expected, NextToken actual)
    {
        Assert.Equal((expected.Id, expected.Text), (actual.Id, actual.Text));
        Equal(expected.Probability, actual.Probability);
    }
}
