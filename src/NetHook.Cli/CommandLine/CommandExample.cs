namespace NetHook.Cli;

/// <summary>A line to type, and what it does.</summary>
internal sealed record CommandExample(string Line, string Does);
