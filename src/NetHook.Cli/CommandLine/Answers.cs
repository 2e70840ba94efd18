using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>
/// Tells answers from bugs. An exception is an answer if the libraries or the tool threw it as a type of their own, or if a file of the
/// user's could not be read or written. Whatever else is thrown is a bug.
/// </summary>
internal static partial class Answers
{
    private static readonly System.Reflection.Assembly[] Own = [typeof(Trace).Assembly, typeof(LanguageModel).Assembly, typeof(Answers).Assembly];

    /// <summary>What an exception says to who typed the command; null if it is a bug.</summary>
    public static string? Of(Exception e) => e switch
    {
        // It is caught by the trace that threw it.
        StopForwardException => null,
        KeyStatisticsException { RidgeHelps: true } statistics => $"{statistics.Problem} Collect it over more text, or give --ridge.",
        ArgumentException { ParamName: { } name } when IsOwn(e) => e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
        _ when IsOwn(e) => e.Message,
        _ when IsOfProgram(e) => null,
        IOException or UnauthorizedAccessException => e.Message,
        OutOfMemoryException => "There is not enough memory for this.",
        ExternalException when NativeMemory().Match(e.Message) is { Success: true } match => $"There is not enough memory for this: {match.Value}.",
        _ => null,
    };

    private static bool IsOwn(Exception e) => Own.Contains(e.GetType().Assembly);

    /// <summary>Whether a part of the program itself is missing or damaged: .NET says so by exceptions of files.</summary>
    private static bool IsOfProgram(Exception e) =>
        e is FileLoadException || (e is FileNotFoundException { FileName: { } name } && name.Contains(", Version=", StringComparison.Ordinal));

    // libtorch's words, on the CPU and on CUDA.
    [GeneratedRegex(@"you tried to allocate \d+ bytes|Tried to allocate [\d.]+ \w+|Storage size calculation overflowed")]
    private static partial Regex NativeMemory();
}
