using System.Globalization;

namespace NetHook.Cli;

/// <summary>A part of a text.</summary>
/// <param name="Text">The text's hash.</param>
/// <param name="Shard">Which part.</param>
/// <param name="Tokens">How many tokens it is.</param>
internal sealed record TextPart(string Text, Shard Shard, int Tokens)
{
    /// <summary>Reads what <see cref="ToString"/> writes; null where it is something else.</summary>
    public static TextPart? Parse(string note) =>
        note.Split(' ') is [var text, var shard, var tokens] && Shard.TryParse(shard) is { } part
            && int.TryParse(tokens, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? new(text, part, count) : null;

    /// <summary>Whether both hold some of the same text.</summary>
    public bool Overlaps(TextPart other) => Text == other.Text && Shard.Overlaps(other.Shard);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text} {Shard} {Tokens}");
}
