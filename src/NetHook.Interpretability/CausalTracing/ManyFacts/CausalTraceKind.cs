namespace NetHook.Interpretability;

/// <summary>One kind of states that were restored.</summary>
/// <param name="Kind">Which states.</param>
/// <param name="Window">How many layers around each one were restored together.</param>
public sealed record CausalTraceKind(StateKind Kind, int Window);
