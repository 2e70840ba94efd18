namespace NetHook;

/// <summary>What a reader asked a trace for: "output", "input" or "gradient". For error messages.</summary>
internal readonly record struct Asked(Trace Trace, string What)
{
    public string Subject => $"The {What} of layer {Trace.Described}";

    public string Reader => char.ToUpperInvariant(What[0]) + What[1..];
}
