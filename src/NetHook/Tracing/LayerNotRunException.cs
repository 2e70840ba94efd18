using System.Globalization;

namespace NetHook;

/// <summary>Something was asked of a layer that has not run.</summary>
public sealed class LayerNotRunException : InvalidOperationException
{
    internal LayerNotRunException(string layer, Type layerType, string described, long callsElsewhere, string? otherRuns, IReadOnlyList<string> others, ForwardCall? forwardCall)
        : base(Say(described, callsElsewhere, otherRuns ?? forwardCall?.Explanation, layerType) + (others.Count == 0 ? "" : $" {MessageText.List(others)} {(others.Count == 1 ? "has" : "have")} not run either."))
    {
        Layer = layer;
        LayerType = layerType;
        CallsInOtherFlows = callsElsewhere;
        ForwardCall = forwardCall;
    }

    /// <summary>The layer's path, empty for the model itself. Of several layers, the first listed; the message names the others.</summary>
    public string Layer { get; }

    /// <summary>The layer's type.</summary>
    public Type LayerType { get; }

    /// <summary>How often the layer ran in flows that a trace with <see cref="TraceScope.CurrentFlow"/> does not see.</summary>
    public long CallsInOtherFlows { get; }

    /// <summary>The place in the code that runs the layer by <c>forward()</c>, which runs no hooks; null if none was found.</summary>
    public ForwardCall? ForwardCall { get; }

    private static string Say(string described, long callsElsewhere, string? reason, Type layerType) => callsElsewhere > 0
        ? $"Layer {described} has not run in the flow that this trace belongs to; it ran "
            + callsElsewhere.ToString(CultureInfo.InvariantCulture)
            + (callsElsewhere == 1 ? " time" : " times")
            + " in others. Make the trace where the forward pass is made, or trace with Scope = TraceScope.AllCalls."
        : reason is not null ? $"Layer {described} has not run since the trace was made or cleared. {reason}"
        : $"Layer {described} has not run since the trace was made or cleared. Either no forward pass reached it, "
            + "or it was run where hooks are not seen: they run through call(), not through forward(), "
            + "and not inside native or scripted modules." + UnhookedCalls.Of(layerType);
}
