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
    private const int MostNamed = 3;

    public Option<string> Text { get; } = new("--text") { HelpName = "FILE", Description = "A text in UTF-8 to gather the statistics from. Default, for the model that comes with the tool: the facts that it was taught." };

    public Option<string> Stats { get; } = new("--stats") { HelpName = "FILE", Description = "The statistics: read where the file is there, else gathered from --text and saved. Those of a model may be used for edits of it." };

    /// <summary>The second moment of a layer's keys.</summary>
    /// <exception cref="ToolException">The statistics hold none.</exception>
    public static RunningSecondMoment Moment(LayerStatistics statistics, LanguageModel model, int layer)
    {
        string keys = model.Layout.MlpKeys(layer);
        if (!statistics.TryGetValue(keys, out RunningStatistic? found))
            throw new ToolException($"The statistics are of {string.Join(", ", statistics.Keys.Take(MostNamed))}{(statistics.Count > MostNamed ? " ..." : "")}, and not of {keys}, which the edit needs: gather a {Statistic} of that layer.");
        RunningStatistic? moment = found is CombinedStatistic combined ? combined.Parts.Values.FirstOrDefault(part => part is RunningSecondMoment) : found;
        return moment as RunningSecondMoment
            ?? throw new ToolException($"The statistics of {keys} are a {StatsReport.NameOf(found)}: gather a {Statistic}.");
    }

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
        Corpus corpus = text is null ? Corpus.Text(FactEdits.Text(Facts.Load()), "The facts") : Corpus.File(text);
        var job = new StatisticsJob(model, corpus, [model.Layout.MlpKeys(layer)], _ => StatisticKind.Make(Statistic));

        // The statistics are what the file owns.
        return WorkProgress.Show(context, "Reading the text", progress => job.Run(stats, progress, context.Cancellation)).Statistics;
    }

    /// <summary>The statistics in a file, whatever wrote it; null where the work that gathers them is not at its end.</summary>
    private static LayerStatistics? ReadComplete(ToolContext context, string path, string? text, LanguageModel model)
    {
        var statistics = LayerStatistics.Load(path);
        try
        {
            if (StatisticsFile.Of(statistics, path) is not { } file)
            {
                context.Note($"{path} does not say of which model and text it is.");
                return statistics;
            }

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
            throw new ToolException($"{path} does not hold the whole text: {ShardOption.List(missing)} {(missing.Count == 1 ? "is" : "are")} missing. Put the parts together with 'nethook stats merge'.");
        if (text is not null && !file.IsOf(Corpus.File(text)))
            throw new ToolException($"{path} holds statistics of another text than {text}. Choose another file, or leave --text out.");
        if (!file.IsOf(model))
            context.Note($"{path} holds statistics of another model, which is right where this one is an edit of it.");
    }
}
