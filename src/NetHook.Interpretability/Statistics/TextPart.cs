using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>A part of a text, of which there are statistics.</summary>
/// <param name="Text">The text's <see cref="Corpus.Hash"/>.</param>
/// <param name="Shard">Which part.</param>
/// <param name="Tokens">How many tokens of it were read, with those that begin each piece.</param>
public sealed record TextPart(string Text, Shard Shard, long Tokens)
{
    /// <summary>The part as text.</summary>
    /// <returns>Hash, part and tokens with a space between.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text} {Shard} {Tokens}");

    /// <summary>Reads what <see cref="ToString"/> writes; null if it is something else.</summary>
    internal static TextPart? Parse(string note) =>
        note.Split(' ') is [var text, var shard, var tokens] && Shard.TryParse(shard) is { } part
            && long.TryParse(tokens, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? new(text, part, count) : null;

    /// <summary>Whether both are the same part of the same text, however much of it was read.</summary>
    internal bool IsSamePart(TextPart other) => Text == other.Text && Shard == other.Shard;

    /// <summary>Whether both hold some of the same text.</summary>
    internal bool Overlaps(TextPart other) => Text == other.Text && Shard.Overlaps(other.Shard);
}
