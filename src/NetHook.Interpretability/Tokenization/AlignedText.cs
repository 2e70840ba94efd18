using System.Text;

namespace NetHook.Interpretability;

/// <summary>
/// A part of a text, perhaps rewritten, that knows of each of its characters which characters of the whole text it stands
/// for. Immutable.
/// </summary>
internal sealed class AlignedText
{
    private readonly int _shift;
    private readonly int[]? _starts, _ends;

    private AlignedText(string text, int shift, int[]? starts, int[]? ends)
    {
        Text = text;
        _shift = shift;
        _starts = starts;
        _ends = ends;
    }

    public string Text { get; }

    /// <summary>A part of the whole text, as it is.</summary>
    public static AlignedText Of(string whole, int start, int length) => new(whole.Substring(start, length), start, null, null);

    /// <summary>Where in the whole text the character's own begin.</summary>
    public int Start(int index) => _starts is null ? _shift + index : _starts[index];

    /// <summary>Where in the whole text the character's own end.</summary>
    public int End(int index) => _ends is null ? _shift + index + 1 : _ends[index];

    public AlignedText Slice(int start, int length) =>
        length == Text.Length ? this
        : new(Text.Substring(start, length), _shift + start, _starts?.AsSpan(start, length).ToArray(), _ends?.AsSpan(start, length).ToArray());

    /// <summary>The same characters with others in the place of some, one for one.</summary>
    public AlignedText Substitute(char old, char replacement) =>
        Text.Contains(old, StringComparison.Ordinal) ? new(Text.Replace(old, replacement), _shift, _starts, _ends) : this;

    /// <summary>Writes a new text, character by character, in the place of an older one.</summary>
    public sealed class Writer(AlignedText source)
    {
        private readonly StringBuilder _text = new(source.Text.Length + 16);
        private readonly List<int> _starts = new(source.Text.Length + 16), _ends = new(source.Text.Length + 16);

        public int Length => _text.Length;

        /// <summary>Writes a character for characters <paramref name="from"/> to <paramref name="to"/> of the source, without the last.</summary>
        public void Write(char character, int from, int to)
        {
            _text.Append(character);
            _starts.Add(source.Start(from));
            _ends.Add(source.End(to - 1));
        }

        public void Write(string text, int from, int to)
        {
            foreach (char character in text)
                Write(character, from, to);
        }

        public void Copy(int from, int to)
        {
            for (int i = from; i < to; i++)
                Write(source.Text[i], i, i + 1);
        }

        public AlignedText ToText() => new(_text.ToString(), 0, [.. _starts], [.. _ends]);
    }
}
