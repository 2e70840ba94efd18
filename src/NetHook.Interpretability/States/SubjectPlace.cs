namespace NetHook.Interpretability;

/// <summary>Finds a subject in a prompt.</summary>
internal static class SubjectPlace
{
    /// <summary>The characters of the subject.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="subject">The subject, letter by letter; at the beginning of the prompt its first letter may be a capital. Spaces at its ends may be too many.</param>
    /// <param name="occurrence">Which one, from 1, if it is there several times; null if it must be there once.</param>
    /// <exception cref="SubjectException">It is not there, or several times and nobody said which.</exception>
    /// <exception cref="OptionException">The occurrence is less than 1.</exception>
    public static Range Find(string prompt, string subject, int? occurrence)
    {
        ArgumentException.ThrowIfNullOrEmpty(subject);
        List<int> places = Places(prompt, subject);

        // Spaces at its ends do not make it another subject.
        if (places.Count == 0 && subject.Trim() is { Length: > 0 } trimmed && trimmed != subject)
            (subject, places) = (trimmed, Places(prompt, trimmed));

        if (occurrence < 1)
            throw new OptionException("Occurrence", occurrence, "Occurrences of the subject are counted from 1.");
        if (places.Count == 0)
            throw new SubjectException(prompt, subject, places, $"\"{subject}\" is not in \"{prompt}\".{Hint(prompt, subject)}");
        if (occurrence is null && places.Count > 1)
            throw new SubjectException(prompt, subject, places, $"\"{subject}\" is {places.Count} times in \"{prompt}\", at characters {string.Join(", ", places)}. Say which one: the first is occurrence 1.");
        if (occurrence > places.Count)
            throw new SubjectException(prompt, subject, places, $"\"{subject}\" is {(places.Count == 1 ? "once" : $"{places.Count} times")} in \"{prompt}\": there is no occurrence {occurrence}.");
        int start = places[(occurrence ?? 1) - 1];
        return start..(start + subject.Length);
    }

    private static List<int> Places(string prompt, string subject)
    {
        List<int> places = [];
        if (IsCapitalised(prompt, subject))
            places.Add(0);
        for (int at = prompt.IndexOf(subject, StringComparison.Ordinal); at >= 0; at = prompt.IndexOf(subject, at + 1, StringComparison.Ordinal))
            places.Add(at);
        return places;
    }

    /// <summary>A sentence that begins with "the Netherlands" begins with "The Netherlands".</summary>
    private static bool IsCapitalised(string prompt, string subject) =>
        char.IsLower(subject[0]) && prompt.StartsWith(char.ToUpperInvariant(subject[0]) + subject[1..], StringComparison.Ordinal);

    private static string Hint(string prompt, string subject) =>
        prompt.IndexOf(subject, StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? $" Did you mean \"{prompt.Substring(at, subject.Length)}\"?" : "";
}
