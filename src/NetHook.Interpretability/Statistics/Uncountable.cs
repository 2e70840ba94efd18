using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Activations that a statistic refuses.</summary>
internal static class Uncountable
{
    /// <summary>Why a statistic refuses what a layer gave; null if it does not.</summary>
    public static string? Why(RunningStatistic statistic, Tensor activations, string layer)
    {
        try
        {
            statistic.Check(activations);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"'{layer}' gives what cannot be counted. {e.Message}";
        }
    }

    /// <summary>What to throw: the first layer at fault, if the model's numbers are not finite. The model must not be stopped by a trace.</summary>
    public static Exception Fault(LanguageModel model, CorpusBatch batch, string problem)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = batch.On(model.Parts.Device);
        model.Parts.RequireFinite(model.Model.call(ids), ids);
        return new StatisticsJobException(null, problem);
    }
}
