namespace NetHook.Interpretability;

/// <summary>Puts a character before words that do not begin with it.</summary>
internal static class Prefix
{
    /// <param name="words">The words.</param>
    /// <param name="prefix">The character. It stands for the word's first one.</param>
    /// <param name="applies">Whether the word that begins at the index gets it.</param>
    public static Words Apply(Words words, char prefix, Func<AlignedText, int, bool> applies)
    {
        AlignedText text = words.Text;
        var writer = new AlignedText.Writer(text);
        int[] ends = new int[words.Ends.Count];
        for (int word = 0, start = 0; word < ends.Length; start = words.Ends[word++])
        {
            if (text.Text[start] != prefix && applies(text, start))
                writer.Write(prefix, start, start + (char.IsHighSurrogate(text.Text[start]) ? 2 : 1));
            writer.Copy(start, words.Ends[word]);
            ends[word] = writer.Length;
        }

        return writer.Length == text.Text.Length ? words : new(writer.ToText(), ends);
    }
}
