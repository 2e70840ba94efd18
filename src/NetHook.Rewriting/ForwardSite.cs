namespace NetHook.Rewriting;

/// <summary>A place in the code that runs a module by <c>forward</c> and was left as it is.</summary>
internal sealed class ForwardSite(string method, string forward, string reason, string? file, int line)
{
    /// <summary>The source file, where the symbols say it.</summary>
    public string? File { get; } = file;

    /// <summary>The line in it; 0 if it is not known.</summary>
    public int Line { get; } = line;

    public override string ToString() => $"{method} keeps {forward}: {reason}";
}
