using System.Text;
using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>A file of traces as lines: a first one with notes, and one for each fact. A line counts once it has its end.</summary>
internal static class CausalTraceLines
{
    private const byte End = (byte)'\n';

    /// <summary>Reads the lines that have their end.</summary>
    /// <returns>What they hold, and how many bytes they take: what is behind was being written when its writer was killed.</returns>
    /// <exception cref="CheckpointException">A line is damaged.</exception>
    public static (CausalTraceFile File, long Bytes) Read(FileStream stream, string path)
    {
        CausalTraceNotes? notes = null;
        Dictionary<int, FactTrace> facts = [];
        ShardSet? parts = null;
        long bytes = 0;
        foreach (string line in Lines(stream, path))
        {
            bytes += Encoding.UTF8.GetByteCount(line) + 1;
            if (notes is null)
            {
                notes = CausalTraceNotes.Read(line, path);
                parts = new(notes.Shards);
                continue;
            }

            FactTrace fact = Parse(line, notes, parts!) ?? throw new CheckpointException(path, null, $"Line {facts.Count + 2} is no trace of a fact of this work.");
            if (!facts.TryAdd(fact.Number, fact))
                throw new CheckpointException(path, null, $"Line {facts.Count + 2} is a trace of fact {fact.Number}, of which there is one before.");
        }

        return notes is null
            ? throw new CheckpointException(path, null, "It was not written by a job that traces facts: its first line does not say so.")
            : (new(notes, facts.Values), bytes);
    }

    public static void Write(Stream stream, CausalTraceFile file)
    {
        Write(stream, file.Notes.Line());
        foreach (FactTrace fact in file.Facts)
            Write(stream, fact);
    }

    public static void Write(Stream stream, FactTrace fact) => Write(stream, JsonSerializer.Serialize(fact));

    /// <summary>Writes a line at once, so that a reader sees all of it or none of its end.</summary>
    public static void Write(Stream stream, string line) => stream.Write([.. Encoding.UTF8.GetBytes(line), End]);

    private static IEnumerable<string> Lines(FileStream stream, string path)
    {
        byte[] rest = [];
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = Fill(stream, buffer, path)) > 0;)
        {
            rest = [.. rest, .. buffer.AsSpan(0, read)];
            int from = 0;
            for (int at; (at = Array.IndexOf(rest, End, from)) >= 0; from = at + 1)
                yield return Encoding.UTF8.GetString(rest, from, at - from);
            rest = rest[from..];
        }
    }

    private static int Fill(FileStream stream, byte[] buffer, string path)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (IOException e)
        {
            throw new CheckpointException(path, null, $"It cannot be read: {e.Message}", e);
        }
    }

    private static FactTrace? Parse(string line, CausalTraceNotes notes, ShardSet parts)
    {
        try
        {
            return JsonSerializer.Deserialize<FactTrace>(line) is { } fact && Fits(fact, notes, parts) ? fact : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Fits(FactTrace fact, CausalTraceNotes notes, ShardSet parts) =>
        fact.Number >= 1 && fact.Number <= notes.Count && parts.Holds(fact.Number - 1)
        && (!fact.IsKnown || (fact is { CleanProbability: not null, CorruptedProbability: not null, Probabilities: { } kinds }
            && kinds.Count == notes.Kinds.Count
            && kinds.All(roles => roles?.Count == TokenRoles.All.Count && roles.All(layers => layers is null || layers.Count == notes.Layers))));
}
