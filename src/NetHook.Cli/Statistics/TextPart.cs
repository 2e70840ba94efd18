namespace NetHook.Cli;

/// <summary>A part of a text.</summary>
/// <param name="Text">The text's hash.</param>
/// <param name="Shard">Which part.</param>
internal sealed record TextPart(string Text, Shard Shard)
{
    /// <summary>Reads what <see cref="ToString"/> writes; null where it is something else.</summary>
    public static TextPart? Parse(string note) =>
        note.Split(' ') is [var text, var shard] && Shard.TryParse(shard) is { } part ? new(text, part) : null;

    /// <summary>Whether both hold some of the same text.</summary>
    public bool Overlaps(TextPart other) => Text == other.Text && Shard.Overlaps(other.Shard);

    public override string ToString() => $"{Text} {Shard}";
}
