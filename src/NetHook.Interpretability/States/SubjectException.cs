namespace NetHook.Interpretability;

/// <summary>A prompt does not hold its subject, or holds it several times and nobody said which one is meant.</summary>
public sealed class SubjectException : PromptException
{
    internal SubjectException(string prompt, string subject, IReadOnlyList<int> places, string message)
        : base(message) => (Prompt, Subject, Places) = (prompt, subject, places);

    /// <summary>The prompt.</summary>
    public string Prompt { get; }

    /// <summary>The subject, as it was given.</summary>
    public string Subject { get; }

    /// <summary>Where the prompt holds the subject, as indices of characters: first the place of occurrence 1. Empty if it does not.</summary>
    public IReadOnlyList<int> Places { get; }
}
