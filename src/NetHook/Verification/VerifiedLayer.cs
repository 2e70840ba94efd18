namespace NetHook;

/// <summary>A layer in a <see cref="TracingReport"/>.</summary>
/// <param name="Path">The layer's path; empty for the model itself.</param>
/// <param name="Type">The layer's type.</param>
/// <param name="Visibility">How much a trace can see of it.</param>
/// <param name="Calls">How often it was seen to run.</param>
/// <param name="ForwardCall">The code that runs it by <c>forward()</c>, if it is run so.</param>
public sealed record VerifiedLayer(string Path, Type Type, LayerVisibility Visibility, long Calls, ForwardCall? ForwardCall)
{
    /// <summary>Says in words how much a trace can see of the layer.</summary>
    internal string Says => Visibility switch
    {
        LayerVisibility.Seen => Calls == 1 ? "seen" : FormattableString.Invariant($"seen, {Calls} calls"),
        LayerVisibility.RunByForward => $"run by forward() in {ForwardCall!.MethodName}",
        LayerVisibility.InNativeCode => "inside native code",
        LayerVisibility.Holder => "a holder",
        _ => "not reached" + (UnhookedCalls.Of(Type) is { Length: > 0 } note ? $":{note}" : ""),
    };

    /// <summary>Path, type and what a trace can see.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => $"{MessageText.Layer(Path, Type)}: {Says}";
}
