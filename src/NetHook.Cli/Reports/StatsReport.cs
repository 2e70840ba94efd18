namespace NetHook.Cli;

/// <summary>What a file of statistics holds. The property names are those of the JSON of <c>nethook stats</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="Parts">How many parts of texts it is made of.</param>
/// <param name="Layers">The layers.</param>
internal sealed record StatsReport(string File, int Parts, IReadOnlyList<StatsLayer> Layers)
{
    public static StatsReport Of(string path, StatisticsFile file) => new(
        path,
        file.Parts.Count,
        [.. file.Statistics.Select(pair => new StatsLayer(pair.Key, Name(pair.Value), pair.Value.Count, Features(pair.Value)))]);

    private static string Name(RunningStatistic statistic) => statistic is CombinedStatistic combined
        ? string.Join(", ", combined.Parts.Keys)
        : StatisticKind.NameOf(statistic);

    private static long Features(RunningStatistic statistic) => statistic.Features ?? 0;
}

/// <summary>The statistics of a layer.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Statistic">Which statistics.</param>
/// <param name="Samples">Of how many samples: tokens, for most layers.</param>
/// <param name="Features">Of how many features each.</param>
internal sealed record StatsLayer(string Layer, string Statistic, long Samples, long Features);
