namespace NetHook.Interpretability;

/// <summary>Puts a text before each text that is not empty. It stands for the first character of that.</summary>
internal sealed class Prepend(string prefix) : Normalizer
{
    public override AlignedText Apply(AlignedText text)
    {
        if (text.Text.Length == 0 || prefix.Length == 0)
            return text;
        var writer = new AlignedText.Writer(text);
        writer.Write(prefix, 0, char.IsHighSurrogate(text.Text[0]) ? 2 : 1);
        writer.Copy(0, text.Text.Length);
        return writer.ToText();
    }
}

/// <summary>Puts a text in the place of another, wherever that is.</summary>
internal sealed class Replace(string pattern, string content) : Normalizer
{
    public override AlignedText Apply(AlignedText text)
    {
        if (pattern.Length == 1 && content.Length == 1)
            return text.Substitute(pattern[0], content[0]);
        if (!text.Text.Contains(pattern, StringComparison.Ordinal))
            return text;

        // As in the reference, what is put in stands for the last character of what was there.
        int last = pattern.Length - (char.IsLowSurrogate(pattern[^1]) ? 2 : 1);
        var writer = new AlignedText.Writer(text);
        int done = 0;
        for (int at; (at = text.Text.IndexOf(pattern, done, StringComparison.Ordinal)) >= 0; done = at + pattern.Length)
        {
            writer.Copy(done, at);
            writer.Write(content, at + last, at + pattern.Length);
        }

        writer.Copy(done, text.Text.Length);
        return writer.ToText();
    }
}

/// <summary>Several normalizers, one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override AlignedText Apply(AlignedText text) => steps.Aggregate(text, (current, step) => step.Apply(current));
}
