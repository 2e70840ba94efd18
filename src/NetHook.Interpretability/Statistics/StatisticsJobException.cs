namespace NetHook.Interpretability;

/// <summary>
/// A text cannot be read for statistics, or statistics of texts do not fit each other: a file holds those of another work, files would count
/// something twice, a text is too short to be divided, or a layer gave what cannot be counted. The message says which.
/// </summary>
public sealed class StatisticsJobException : InvalidOperationException
{
    internal StatisticsJobException(string? file, string message, Exception? inner = null)
        : base(message, inner) => File = file;

    /// <summary>The file that is meant; null if none is.</summary>
    public string? File { get; }
}
