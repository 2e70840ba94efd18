namespace NetHook.Interpretability;

/// <summary>
/// Traces of facts do not fit each other or the work: a file holds those of another work or is in use, files hold the same facts, or there are
/// fewer facts than parts. The message says which.
/// </summary>
public sealed class CausalTraceJobException : InvalidOperationException
{
    internal CausalTraceJobException(string? file, string message, Exception? inner = null)
        : base(message, inner) => File = file;

    /// <summary>The file that is meant; null if none is.</summary>
    public string? File { get; }
}
