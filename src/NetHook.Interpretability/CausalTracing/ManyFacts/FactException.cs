namespace NetHook.Interpretability;

/// <summary>A fact cannot be read or traced. The message names the file and the line, or the number of the fact in the list.</summary>
public sealed class FactException : PromptException
{
    internal FactException(string? file, int? line, string problem, Exception? inner = null)
        : base(line is null ? $"{file}: {problem}" : $"{file}, line {line}: {problem}", inner) => (File, Line) = (file, line);

    internal FactException(FactPrompt fact, int number, Exception problem)
        : base($"{(fact.File is null ? $"Fact {number}" : $"{fact.File}, line {fact.Line}")}: {problem.Message}", problem) =>
        (File, Line) = (fact.File, fact.Line);

    /// <summary>The file; null if the fact was not read from one.</summary>
    public string? File { get; }

    /// <summary>The line, from 1; null if the whole file is meant, or there is none.</summary>
    public int? Line { get; }
}
