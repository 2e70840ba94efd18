namespace NetHook;

/// <summary>
/// Ends a forward pass at a layer traced with <see cref="TraceOptions.Stop"/>. <see cref="NetHook.Trace.Run(Action)"/> and
/// <see cref="TraceDict.Run(Action)"/> catch the one thrown by their own trace and no other.
/// </summary>
public sealed class StopForwardException : Exception
{
    internal StopForwardException(Trace trace)
        : base($"The forward pass was stopped at layer {trace.Described}. Run it inside the trace's Run, which ends there quietly.") =>
        Trace = trace;

    /// <summary>The trace that stopped the pass.</summary>
    public Trace Trace { get; }
}
