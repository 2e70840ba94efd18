using System.Globalization;

namespace NetHook;

/// <summary>Something was asked of a layer that has not run.</summary>
public sealed class LayerNotRunException : InvalidOperationException
{
    internal LayerNotRunException(string layer, Type layerType, string described, long callsElsewhere, string? otherRuns, IReadOnlyList<string> others)
        : base(Say(described, callsElsewhere, otherRuns, layerType) + (others.Count == 0 ? "" : $" {Sentences.List(others)} {(others.Count == 1 ? "has" : "have")} not run either."))
    {
        Layer = layer;
        LayerType = layerType;
        CallsInOtherFlows = callsElsewhere;
    }

    /// <summary>The layer's path, empty for the model itself. Of several layers, the first listed; the message names the others.</summary>
    public string Layer { get; }

    /// <summary>The layer's type.</summary>
    public Type LayerType { get; }

    /// <summary>How often the layer ran in flows that a trace with <see cref="TraceScope.CurrentFlow"/> does not see.</summary>
    public long CallsInOtherFlows { get; }

    private static string Say(string described, long callsElsewhere, string? otherRuns, Type layerType) => callsElsewhere > 0
        ? $"Layer {described} has not run in the flow that this trace belongs to; it ran "
            + callsElsewhere.ToString(CultureInfo.InvariantCulture)
            + (callsElsewhere == 1 ? " time" : " times")
            + " in others. Make the trace where the forward pass is made, or trace with Scope = TraceScope.AllCalls."
        : otherRuns is not null ? $"Layer {described} has not run since the trace was made or cleared. {otherRuns}"
        : $"Layer {described} has not run since the trace was made or cleared. Either no forward pass reached it, "
            + "or it was run where hooks are not seen: they run through call(), not through forward(), "
            + "and not inside native or scripted modules." + UnhookedCalls.Of(layerType);
}
