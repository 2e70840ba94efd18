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

    public Option<string> Stats { get; } = new("--stats") { HelpName = "FILE", Description = "The statistics: read where the file is there, else gathered from --text and saved. Those of a model may be used for edits of it." };

    /// <summary>The second moment of a layer's keys.</summary>
    public static RunningSecondMoment Moment(LayerStatistics statistics, LanguageModel model, int layer) => statistics[model.Layout.MlpKeys(layer)] switch
    {
        RunningSecondMoment moment => moment,
        CombinedStatistic combined => combined.Part<RunningSecondMoment>(Statistic),
        var other => throw new ToolException($"The statistics of {model.Layout.MlpKeys(layer)} are a {StatisticKind.NameOf(other)}: gather a {Statistic}."),
    };

    /// <summary>Reads or gathers the statistics. The caller disposes them.</summary>
    public LayerStatistics Read(ToolContext context, ParseResult arguments, LanguageModel model, int layer, bool isBundled)
    {
        string? text = arguments.GetValue(Text), stats = arguments.GetValue(Stats);
        if (stats is not null && File.Exists(stats) && ReadComplete(context, stats, text, model) is { } kept)
            return kept;
        if (text is null && !isBundled)
            throw new ToolException(stats is null ? "The edit needs statistics of the layer's keys: give --text or --stats." : $"{stats} is not there, or not complete: give --text to gather the statistics from.");
        if (stats is not null)
            OutputFile.Check(stats);
        return Gather(context, model, layer, text is null ? TextPieces.OfFacts(model) : TextPieces.Read(text, model, Shard.Whole), stats);
    }

    /// <summary>The statistics in a file, whatever wrote it; null where the work that gathers them is not at its end.</summary>
    private static LayerStatistics? ReadComplete(ToolContext context, string path, string? text, LanguageModel model)
    {
        var statistics = LayerStatistics.Load(path);
        try
        {
            if (!StatisticsFile.HasNotes(statistics))
            {
                context.Note($"{path} does not say of which model and text it is.");
                return statistics;
            }

            var file = StatisticsFile.Of(statistics, path);
            if (!file.IsComplete)
            {
                statistics.Dispose();
                return null;
            }

            Check(context, file, path, text, model);
            return statistics;
        }
        catch
        {
            statistics.Dispose();
            throw;
        }
    }

    private static void Check(ToolContext context, StatisticsFile file, string path, string? text, LanguageModel model)
    {
        if (file.Missing is { Count: > 0 } missing)
            throw new ToolException($"{path} does not hold the whole text: {Shard.List(missing)} {(missing.Count == 1 ? "is" : "are")} missing. Put the parts together with 'nethook stats merge'.");
        if (text is not null && TextPieces.HashOf(text) is var hash && file.Parts.Any(part => part.Text != hash))
            throw new ToolException($"{path} holds statistics of another text than {text}. Choose another file, or leave --text out.");
        if (file.Model != ModelFingerprint.Of(model.Model))
            context.Note($"{path} holds statistics of another model, which is right where this one is an edit of it.");
    }

    private static LayerStatistics Gather(ToolContext context, LanguageModel model, int layer, TextPieces pieces, string? stats)
    {
        // Disposed by the caller, or here where gathering fails.
        var file = StatisticsFile.Start(new LayerStatistics([model.Layout.MlpKeys(layer)], _ => StatisticKind.MakeAll([Statistic])), model.Model, pieces);
        try
        {
            if (stats is not null)
                file.Take(stats);
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
