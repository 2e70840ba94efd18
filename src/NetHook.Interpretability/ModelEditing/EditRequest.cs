namespace NetHook.Interpretability;

/// <summary>A fact to be written into a model: what it is to say of a subject.</summary>
/// <param name="Prompt">The prompt with <c>{}</c> once, where the subject belongs: <c>"The capital of {} is"</c>.</param>
/// <param name="Subject">The subject: <c>"France"</c>. White space at its ends counts only if the prompt has none there.</param>
/// <param name="Target">What is to follow the prompt: <c>" Rome"</c>. The space before it is added where it is missing.</param>
public sealed record EditRequest(string Prompt, string Subject, string Target)
{
    internal const string Gap = "{}";

    /// <summary>The prompt with the subject.</summary>
    /// <exception cref="PromptException">The prompt does not hold <c>{}</c> exactly once, or the subject is empty.</exception>
    public string Text => Fill(Prompt).Text;

    /// <summary>What is to follow the prompt, with the space before it: what an edit is searched for, and what is measured.</summary>
    /// <exception cref="PromptException">The target is empty.</exception>
    internal string SpacedTarget => Target is { Length: > 0 } && Target != " " ? Target[0] == ' ' ? Target : $" {Target}"
        : throw new PromptException("The target is empty. Say what is to follow the prompt.");

    /// <summary>A template with the subject in it, and where.</summary>
    internal (string Text, Range Subject) Fill(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        if (string.IsNullOrWhiteSpace(Subject))
            throw new PromptException("The subject is empty. Say of what the fact is.");
        int at = template.IndexOf(Gap, StringComparison.Ordinal);
        if (at < 0 || template.IndexOf(Gap, at + 1, StringComparison.Ordinal) >= 0)
            throw new PromptException($"\"{template}\" does not have {Gap}, where the subject belongs, exactly once.");

        // "of {} is" and " France" have one space between them.
        (string before, string behind) = (template[..at], template[(at + Gap.Length)..]);
        string subject = before.Length == 0 || char.IsWhiteSpace(before[^1]) ? Subject.TrimStart() : Subject;
        subject = behind.Length == 0 || char.IsWhiteSpace(behind[0]) ? subject.TrimEnd() : subject;
        return (before + subject + behind, at..(at + subject.Length));
    }
}
