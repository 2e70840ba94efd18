using System.Globalization;

namespace NetHook.Cli;

/// <summary>A statistic by the name that it has on the command line, with its settings behind colons, one of which may have to be whole.</summary>
internal sealed record StatisticKind(string Name, string Forms, string Does, int MostSettings, Func<double[], RunningStatistic> Make, int LeastSettings = 0, int? Whole = null)
{
    public static IReadOnlyList<StatisticKind> All { get; } =
    [
        new("mean", "mean", "the mean", 0, _ => new RunningMean()),
        new("variance", "variance", "mean and variance", 0, _ => new RunningVariance()),
        new("covariance", "covariance", "mean and covariance of all pairs of features", 0, _ => new RunningCovariance()),
        new("second-moment", "second-moment", "the uncentred second moment, as 'nethook edit' needs it", 0, _ => new RunningSecondMoment()),
        new("quantiles", "quantiles[:RESOLUTION]", "any quantile, the median, least and most", 1, settings => settings.Length > 0 ? new RunningQuantiles((int)settings[0]) : new(), Whole: 0),
        new("histogram", "histogram:LOW:HIGH[:BINS]", "counts in bins of the same width", 3, settings => settings.Length > 2 ? new RunningHistogram(settings[0], settings[1], (int)settings[2]) : new(settings[0], settings[1]), LeastSettings: 2, Whole: 2),
        new("top-k", "top-k[:K]", "the largest values and where they are", 1, settings => settings.Length > 0 ? new RunningTopK((int)settings[0]) : new(), Whole: 0),
    ];

    /// <summary>Makes one statistic of what was asked for: that one, or a combination under the names.</summary>
    public static RunningStatistic MakeAll(IReadOnlyList<string> asked) => asked.Count == 1
        ? MakeOne(asked[0])
        : new CombinedStatistic(new OrderedDictionary<string, RunningStatistic>(asked.Select(text => KeyValuePair.Create(text.Split(':')[0], MakeOne(text)))));

    /// <summary>The name of a statistic by its type.</summary>
    public static string NameOf(RunningStatistic statistic) => statistic switch
    {
        RunningMean => "mean",
        RunningVariance => "variance",
        RunningCovariance => "covariance",
        RunningSecondMoment => "second-moment",
        RunningQuantiles => "quantiles",
        RunningHistogram => "histogram",
        RunningTopK => "top-k",
        _ => statistic.GetType().Name,
    };

    /// <summary>Refuses what cannot be made, before the work.</summary>
    public static void Check(IReadOnlyList<string> asked)
    {
        if (asked.CountBy(text => text.Split(':')[0]).FirstOrDefault(pair => pair.Value > 1) is { Key: { } twice })
            throw new ToolException($"The statistic {twice} is asked for twice.");
        MakeAll(asked).Dispose();
    }

    private static RunningStatistic MakeOne(string text)
    {
        string[] parts = text.Split(':');
        StatisticKind kind = All.FirstOrDefault(each => each.Name == parts[0])
            ?? throw new ToolException($"There is no statistic '{parts[0]}'; there are {string.Join(", ", All.Select(each => each.Name))}.");
        double[] settings = [.. parts[1..].Select((part, i) => Number(text, part, whole: i == kind.Whole))];
        return settings.Length >= kind.LeastSettings && settings.Length <= kind.MostSettings
            ? kind.Make(settings)
            : throw new ToolException($"'{text}' is not {kind.Forms}.");
    }

    private static double Number(string text, string part, bool whole) =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && (!whole || (number == (int)number))
            ? number
            : throw new ToolException($"'{part}' in '{text}' is no {(whole ? "whole " : "")}number.");
}
