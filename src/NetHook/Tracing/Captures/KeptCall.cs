namespace NetHook;

/// <summary>What a trace keeps of one call. A call of which only the output is kept is stored as that output itself, without this.</summary>
internal sealed class KeptCall(object? input, object? output)
{
    public object? Input { get; } = input;

    public object? Output { get; } = output;

    public static object? OutputOf(object kept) => kept is KeptCall call ? call.Output : kept;
}
