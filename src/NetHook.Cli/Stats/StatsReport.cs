using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What a file of statistics holds. The property names are those of the JSON of <c>nethook stats</c>.</summary>
/// <param name="Parts">The parts of texts that it is made of, in the order in which they were merged.</param>
/// <param name="Missing">The parts of these texts that it lacks.</param>
/// <param name="Layers">The layers.</param>
/// <param name="Saved">The file.</param>
internal sealed record StatsReport(IReadOnlyList<StatsPart> Parts, IReadOnlyList<string> Missing, IReadOnlyList<StatsLayer> Layers, string Saved)
{
    public static StatsReport Of(string path, StatisticsFile file) => new(
        [.. file.Parts.Select(part => new StatsPart($"{part.Shard}", part.Tokens))],
        [.. file.Missing.Select(part => $"{part}")],
        [.. file.Statistics.Select(pair => new StatsLayer(pair.Key, NameOf(pair.Value), pair.Value.Count, Features(pair.Value)))],
        path);

    public static string NameOf(RunningStatistic statistic) => statistic is CombinedStatistic combined
        ? string.Join(", ", combined.Parts.Keys)
        : StatisticKind.Of(statistic)?.Name ?? statistic.GetType().Name;

    private static long Features(RunningStatistic statistic) => statistic.Features ?? 0;
}

/// <summary>A part of a text, such as "3/8", and how many tokens it is.</summary>
internal sealed record StatsPart(string Part, long Tokens);

/// <summary>The statistics of a layer.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Statistic">Which statistics.</param>
/// <param name="Samples">Of how many samples: tokens, for most layers.</param>
/// <param name="Features">Of how many features each.</param>
internal sealed record StatsLayer(string Layer, string Statistic, long Samples, long Features);
