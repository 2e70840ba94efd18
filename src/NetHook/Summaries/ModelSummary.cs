
namespace NetHook;

/// <summary>A model's layers, as <see cref="ModuleExtensions.Summary"/> found them. <see cref="ToString"/> draws the tree.</summary>
public sealed class ModelSummary
{
    internal ModelSummary(IReadOnlyList<LayerSummary> layers, long parameters, long trainableParameters, bool ran)
    {
        Layers = layers;
        Parameters = parameters;
        TrainableParameters = trainableParameters;
        Ran = ran;
    }

    /// <summary>The layers, the model itself first, then depth first in the order of definition.</summary>
    public IReadOnlyList<LayerSummary> Layers { get; }

    /// <summary>How many numbers the model's parameters hold; a parameter that is used twice counts once.</summary>
    public long Parameters { get; }

    /// <summary>The part of <see cref="Parameters"/> that requires gradients.</summary>
    public long TrainableParameters { get; }

    /// <summary>Whether a forward pass was part of it, so that shapes, calls and times are known.</summary>
    internal bool Ran { get; }

    /// <summary>The summary as text: a table with the layer tree in its first column, and the totals.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString() => SummaryTable.Draw(this);
}
