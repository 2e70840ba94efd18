using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>
/// <c>--text FILE</c> and <c>--stats FILE</c> of <c>nethook edit</c>: where the statistics of a layer's keys come from. They
/// are read from the second where it exists, else gathered from the first, and saved in the second for the next time.
/// </summary>
internal sealed class KeySource
{
    private const string Statistic = "second-moment";

    public Option<string> Text { get; } = new("--text") { HelpName = "FILE", Description = "A text in UTF-8 to gather the statistics from. Default, for the model that comes with the tool: the facts that it was taught." };

    public Option<string> Stats { get; } = new("--stats") { HelpName = "FILE", Description = "The statistics: read where the file is there, else gathered from --text and saved." };

    /// <summary>The second moment of a layer's keys.</summary>
    public static RunningSecondMoment Moment(LayerStatistics statistics, int layer) => statistics[KeyStatistics.LayerOf(layer)] switch
    {
        RunningSecondMoment moment => moment,
        CombinedStatistic combined => combined.Part<RunningSecondMoment>(Statistic),
        var other => throw new ToolException($"The statistics of {KeyStatistics.LayerOf(layer)} are a {StatisticKind.NameOf(other)}: gather a {Statistic}."),
    };

    /// <summary>Reads or gathers the statistics. The caller disposes them.</summary>
    public LayerStatistics Read(ToolContext context, ParseResult arguments, LanguageModel model, int layer, bool isBundled)
    {
        string? text = arguments.GetValue(Text), stats = arguments.GetValue(Stats);
        if (stats is not null && File.Exists(stats) && ReadComplete(stats) is { } kept)
            return kept;
        if (text is null && !isBundled)
            throw new ToolException(stats is null ? "The edit needs statistics of the layer's keys: give --text or --stats." : $"{stats} is not there, or not complete: give --text to gather the statistics from.");
        if (stats is not null)
            OutputFile.Check(stats);
        return Gather(context, model, layer, text is null ? TextPieces.OfFacts(model) : TextPieces.Read(text, model, Shard.Whole), stats);
    }

    /// <summary>The statistics in a file, whatever wrote it; null where the work that gathers them is not at its end.</summary>
    private static LayerStatistics? ReadComplete(string path)
    {
        LayerStatistics statistics = LayerStatistics.Load(path);
        if (!StatisticsFile.IsPartial(statistics))
            return statistics;
        statistics.Dispose();
        return null;
    }

    private static LayerStatistics Gather(ToolContext context, LanguageModel model, int layer, TextPieces pieces, string? stats)
    {
        // Disposed by the caller, or here where gathering fails.
        var file = StatisticsFile.Start(new LayerStatistics([KeyStatistics.LayerOf(layer)], _ => StatisticKind.MakeAll([Statistic])), model.Model, pieces);
        try
        {
            if (File.Exists(stats))
                file.GoOnFrom(stats);
            return WorkProgress.Show(context, "Reading the text", progress =>
            {
                StatisticsJob.Run(model.Model, pieces, file, stats, progress, context.Cancellation);
                return file.Statistics;
            });
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
