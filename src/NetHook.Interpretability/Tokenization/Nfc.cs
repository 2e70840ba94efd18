using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// Unicode's normalization form C (Unicode Standard Annex 15): accents after a letter become one character with it, where
/// there is one.
/// </summary>
internal sealed class Nfc : Normalizer
{
    // The rule for Hangul syllables, section 3.12 of the Unicode Standard.
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, SyllableCount = LeadCount * VowelCount * TailCount;

    // No character below U+0300 combines with one before it, and none is changed by itself.
    private const char FirstMark = '\u0300';

    /// <summary>A character, and how many characters of the source it takes in, itself the first of them.</summary>
    private record struct Character(int Code, int Takes);

    public override AlignedText Apply(AlignedText text)
    {
        if (!text.Text.AsSpan().ContainsAnyInRange(FirstMark, char.MaxValue))
            return text;

        List<Character> characters = Decompose(text.Text);
        Compose(characters);
        var writer = new AlignedText.Writer(text);
        int position = 0, lastStart = 0;
        Span<char> utf16 = stackalloc char[2];
        foreach (Character character in characters)
        {
            // A character that takes in none of the source belongs to the one before it.
            int start = character.Takes > 0 ? position : lastStart;
            int end = Next(text.Text, start);
            foreach (char half in utf16[..new Rune(character.Code).EncodeToUtf16(utf16)])
                writer.Write(half, start, end);
            for (int i = 0; i < character.Takes; i++)
                (lastStart, position) = (position, Next(text.Text, position));
        }

        return writer.ToText();
    }

    private static int Next(string text, int index) => index + (char.IsHighSurrogate(text[index]) ? 2 : 1);

    private static List<Character> Decompose(string text)
    {
        List<Character> characters = new(text.Length);
        int ready = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int first = characters.Count;
            AddParts(rune.Value, characters);
            characters[first] = characters[first] with { Takes = 1 };
            for (int i = first; i < characters.Count; i++)
            {
                if (NormalizationData.Class(characters[i].Code) != 0)
                    continue;
                SortMarks(characters, ready, i);
                ready = i + 1;
            }
        }

        SortMarks(characters, ready, characters.Count);
        return characters;
    }

    private static void AddParts(int code, List<Character> characters)
    {
        int syllable = code - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            characters.Add(new(LeadBase + (syllable / (VowelCount * TailCount)), 0));
            characters.Add(new(VowelBase + (syllable % (VowelCount * TailCount) / TailCount), 0));
            if (syllable % TailCount != 0)
                characters.Add(new(TailBase + (syllable % TailCount), 0));
        }
        else if (NormalizationData.PartsOf(code) is int[] parts)
        {
            foreach (int part in parts)
                AddParts(part, characters);
        }
        else
        {
            characters.Add(new(code, 0));
        }
    }

    // Marks come in the order of their classes; those of one class keep theirs.
    private static void SortMarks(List<Character> characters, int from, int to)
    {
        if (to - from < 2)
            return;
        Character[] sorted = [.. characters.GetRange(from, to - from).OrderBy(character => NormalizationData.Class(character.Code))];
        for (int i = from; i < to; i++)
            characters[i] = sorted[i - from];
    }

    private static void Compose(List<Character> characters)
    {
        int written = 0, starter = -1, lastClass = 0;
        foreach (Character character in characters.ToArray())
        {
            int mark = NormalizationData.Class(character.Code);

            // A mark of the same class between the two, or any that stayed before a letter, keeps them apart.
            bool adjacent = starter >= 0 && (written == starter + 1 || lastClass < mark);
            if (adjacent && Pair(characters[starter].Code, character.Code) is int composed)
            {
                characters[starter] = new(composed, characters[starter].Takes + character.Takes);
                continue;
            }

            if (mark == 0)
                starter = written;
            lastClass = mark;
            characters[written++] = character;
        }

        characters.RemoveRange(written, characters.Count - written);
    }

    private static int? Pair(int first, int second)
    {
        int lead = first - LeadBase, vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            return SyllableBase + (((lead * VowelCount) + vowel) * TailCount);

        int syllable = first - SyllableBase, tail = second - TailBase;
        if (syllable is >= 0 and < SyllableCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
            return first + tail;
        return NormalizationData.Compose(first, second);
    }
}
