using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>What a file of statistics notes about the job that fills it.</summary>
/// <param name="Model">Says which model it is of.</param>
/// <param name="Parts">What was read, or is read.</param>
/// <param name="Batches">How many batches were read.</param>
/// <param name="IsComplete">Whether that is all.</param>
/// <param name="NextPiece">The piece of the text that is read next.</param>
/// <param name="Next">Where that is.</param>
/// <param name="Bytes">How many bytes the texts have.</param>
internal sealed record StatisticsNotes(
    string Model, IReadOnlyList<TextPart> Parts, int Batches, bool IsComplete, long NextPiece, TokenPosition Next, long Bytes)
{
    private const string ModelNote = "model", PartsNote = "parts", BatchesNote = "done", CompleteNote = "complete", PieceNote = "piece", NextNote = "position", BytesNote = "bytes";

    /// <summary>The share of the work that is done, 0 to 1.</summary>
    public double Share => IsComplete ? 1 : Bytes == 0 ? 0 : Math.Min(1, (double)Next.Bytes / Bytes);

    /// <summary>Whether there are such notes.</summary>
    public static bool AreIn(IDictionary<string, string> notes) => notes.ContainsKey(ModelNote) && notes.ContainsKey(PartsNote);

    /// <exception cref="CheckpointException">A note is missing, or does not say what it should.</exception>
    public static StatisticsNotes Read(IDictionary<string, string> notes, string path)
    {
        string Note(string name) => notes.TryGetValue(name, out string? text) ? text
            : throw new CheckpointException(path, null, $"It was not written by a statistics job: its notes lack '{name}'.");
        long Number(string name, long most) =>
            long.TryParse(Note(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= most ? number
                : throw new CheckpointException(path, null, $"Its note '{name}' is no number, or too large: {Note(name)}.");
        IReadOnlyList<TextPart> parts = [.. Note(PartsNote).Split('\n').Select(part => TextPart.Parse(part)
            ?? throw new CheckpointException(path, null, $"Its note '{PartsNote}' is malformed: {part}."))];
        if (Shard.CommonCount(parts.Select(part => part.Shard)) is null)
            throw new CheckpointException(path, null, $"Its note '{PartsNote}' divides a text into more than {Shard.MostParts} pieces.");
        TokenPosition next = TokenPosition.Parse(Note(NextNote)) ?? throw new CheckpointException(path, null, $"Its note '{NextNote}' is malformed: {Note(NextNote)}.");
        bool isComplete = Note(CompleteNote) switch
        {
            "yes" => true,
            "no" => false,
            var other => throw new CheckpointException(path, null, $"Its note '{CompleteNote}' is neither yes nor no: {other}."),
        };
        return new(Note(ModelNote), parts, (int)Number(BatchesNote, int.MaxValue), isComplete, Number(PieceNote, long.MaxValue / int.MaxValue), next, Number(BytesNote, long.MaxValue));
    }

    public void Write(IDictionary<string, string> notes)
    {
        notes[ModelNote] = Model;
        notes[PartsNote] = string.Join('\n', Parts);
        notes[BatchesNote] = Batches.ToString(CultureInfo.InvariantCulture);
        notes[CompleteNote] = IsComplete ? "yes" : "no";
        notes[PieceNote] = NextPiece.ToString(CultureInfo.InvariantCulture);
        notes[NextNote] = Next.ToString();
        notes[BytesNote] = Bytes.ToString(CultureInfo.InvariantCulture);
    }
}
