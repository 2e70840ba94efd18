using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>Makes the edits of an <see cref="EditEvaluationReport"/>, layer by layer.</summary>
internal static class EditEvaluationRun
{
    /// <summary>The scores of each layer; where the work is cancelled, of the edits that are finished.</summary>
    public static IReadOnlyList<LayerEvaluation> Of(
        LanguageModel model, IReadOnlyList<RomeOptions> layers, IReadOnlyList<EditCase> cases, FactBook book, IProgress<double> progress, CancellationToken cancellation)
    {
        string text = FactEdits.Text(book);
        List<LayerEvaluation> results = [];
        foreach (RomeOptions options in layers.TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            List<EditOutcome> outcomes = [];
            try
            {
                using RunningSecondMoment keys = KeyStatistics.Collect(model, options.Layer, text, cancellation: cancellation);
                var editor = new RomeEditor(model, keys, options, cancellation);
                foreach (EditCase asked in cases)
                {
                    outcomes.AddRange(EditEvaluation.Run(model, editor, [asked], cancellation: cancellation).Outcomes);
                    progress.Report((results.Count + ((double)outcomes.Count / cases.Count)) / layers.Count);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // What is finished counts.
            }

            if (outcomes.Count > 0)
                results.Add(LayerEvaluation.Of(options.Layer, new EditReport(outcomes), book));
        }

        return results;
    }
}
