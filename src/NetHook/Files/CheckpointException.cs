namespace NetHook;

/// <summary>
/// A file of weights or settings cannot be used as it is: it is missing, damaged, made to harm, or holds something else
/// than what is asked of it. The message names the file and, if one is meant, the key.
/// </summary>
public sealed class CheckpointException : IOException
{
    // A damaged file may hold names and numbers of any length. Nobody reads a message of a megabyte.
    private const int LongestKey = 200, LongestProblem = 2000;

    /// <summary>Makes the exception.</summary>
    /// <param name="file">The path of the file.</param>
    /// <param name="key">The key in the file, or null if the whole file is meant. The message shows the beginning of a long one.</param>
    /// <param name="problem">What was expected and what was found, in whole sentences.</param>
    /// <param name="innerException">What caused it.</param>
    public CheckpointException(string file, string? key, string problem, Exception? innerException = null)
        : base(key is null ? $"{file}: {MessageText.Short(problem, LongestProblem)}" : $"{file}, key '{MessageText.Short(key, LongestKey)}': {MessageText.Short(problem, LongestProblem)}", innerException)
    {
        File = file;
        Key = key;
    }

    /// <summary>The path of the file.</summary>
    public string File { get; }

    /// <summary>The key in the file, or null if the whole file is meant.</summary>
    public string? Key { get; }
}
