using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// Cuts words where a pattern is (unless it is null), and writes what is left byte by byte in the <see cref="ByteAlphabet"/>.
/// </summary>
internal sealed class ByteLevel(SplitPattern? pattern, bool addPrefixSpace) : PreTokenizer
{
    /// <summary>How GPT-2 cuts words.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override Words Apply(Words words)
    {
        if (addPrefixSpace)
            words = Prefix.Apply(words, ' ', (_, _) => true);
        if (pattern is not null)
            words = pattern.Isolate(words);

        AlignedText text = words.Text;
        var writer = new AlignedText.Writer(text);
        int[] ends = new int[words.Ends.Count];
        Span<byte> utf8 = stackalloc byte[4];
        for (int word = 0, i = 0; word < ends.Length; word++)
        {
            while (i < words.Ends[word])
            {
                int next = i + (char.IsHighSurrogate(text.Text[i]) ? 2 : 1);
                foreach (byte value in utf8[..Encoding.UTF8.GetBytes(text.Text.AsSpan(i, next - i), utf8)])
                    writer.Write(ByteAlphabet.Character(value), i, next);
                i = next;
            }

            ends[word] = writer.Length;
        }

        return new(writer.ToText(), ends);
    }
}

/// <summary>Writes spaces as another character, puts one before words that lack it, and may cut words before each.</summary>
internal sealed class Metaspace(char mark, Metaspace.Prepending prepending, bool split) : PreTokenizer
{
    public enum Prepending
    {
        First,
        Always,
        Never,
    }

    public override Words Apply(Words words)
    {
        words = words with { Text = words.Text.Substitute(' ', mark) };
        if (prepending != Prepending.Never)
            words = Prefix.Apply(words, mark, (text, start) => prepending == Prepending.Always || text.Start(start) == 0);
        return split ? Split(words) : words;
    }

    private Words Split(Words words)
    {
        List<int> ends = [];
        int start = 0;
        foreach (int end in words.Ends)
        {
            for (int i = start + 1; i < end; i++)
            {
                if (words.Text.Text[i] == mark)
                    ends.Add(i);
            }

            ends.Add(start = end);
        }

        return new(words.Text, ends);
    }
}

/// <summary>Cuts words where a pattern is: it is a word of its own, or the end of the word before it.</summary>
internal sealed class Split(SplitPattern pattern, bool mergedWithPrevious) : PreTokenizer
{
    public override Words Apply(Words words) => mergedWithPrevious ? pattern.CutAfter(words) : pattern.Isolate(words);
}

/// <summary>Several pre-tokenizers, one after the other.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override Words Apply(Words words) => steps.Aggregate(words, (current, step) => step.Apply(current));
}
