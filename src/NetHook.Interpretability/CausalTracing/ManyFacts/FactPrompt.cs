namespace NetHook.Interpretability;

/// <summary>A fact to be traced: a prompt about a subject, and how the prompt goes on.</summary>
/// <param name="Prompt">The prompt: <c>"The capital of France is"</c>; or with <c>{}</c> once, for the subject: <c>"The capital of {} is"</c>.</param>
/// <param name="Subject">The subject: <c>"France"</c>.</param>
/// <param name="Answer">
/// The answer, one token: <c>"Paris"</c>. The space before it is added if it is missing. Null is the token that the model predicts.
/// </param>
public sealed record FactPrompt(string Prompt, string Subject, string? Answer = null)
{
    /// <summary>The file that it was read from; null if it was not.</summary>
    public string? File { get; init; }

    /// <summary>Its line there, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>
    /// Reads facts from a file: <c>.tsv</c>, with a header line that names the columns <c>prompt</c>, <c>subject</c> and, if there are any,
    /// <c>answer</c>; or <c>.jsonl</c>, with an object of the same names in each line. Other columns and names are skipped, and so are empty lines.
    /// </summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <returns>The facts, at least one, in the order of the file.</returns>
    /// <exception cref="FactException">The file has another ending or no facts, or a line is malformed.</exception>
    /// <exception cref="CheckpointException">The file is missing, is no regular file, or cannot be read.</exception>
    public static IReadOnlyList<FactPrompt> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return FactPromptReader.Read(path);
    }

    /// <summary>The prompt with the subject, and where it is.</summary>
    /// <exception cref="PromptException">The prompt does not hold the subject once.</exception>
    internal (string Text, Range Subject) Fill()
    {
        if (string.IsNullOrWhiteSpace(Prompt))
            throw new PromptException("The prompt is empty. Give one that holds the subject.");
        if (string.IsNullOrWhiteSpace(Subject))
            throw new PromptException("The subject is empty. Say of what the fact is.");
        return Prompt.Contains(EditRequest.Gap, StringComparison.Ordinal)
            ? new EditRequest(Prompt, Subject, "").Fill(Prompt)
            : (Prompt, FindSubject());
    }

    private Range FindSubject()
    {
        try
        {
            return SubjectPlace.Find(Prompt, Subject, null);
        }
        catch (SubjectException e) when (e.Places.Count > 1)
        {
            throw new PromptException($"\"{Subject}\" is {e.Places.Count} times in \"{Prompt}\". Write {EditRequest.Gap} for the one that is meant.", e);
        }
    }
}
