using System.Globalization;
using NetHook.Interpretability;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>Statistics of a text in a file, with notes of what was read for them, so that work goes on and nothing counts twice.</summary>
internal sealed class StatisticsFile : IDisposable
{
    private const string ModelNote = "model";
    private const string PartsNote = "parts";
    private const string DoneNote = "done";
    private const string TotalNote = "total";
    private const string RunNote = "run";

    // Marks a file as this run's until the work is complete.
    private readonly string _run = Guid.NewGuid().ToString("N");

    private StatisticsFile(LayerStatistics statistics, string model, IReadOnlyList<TextPart> parts, int done, int total) =>
        (Statistics, Model, Parts, Done, Total) = (statistics, model, parts, done, total);

    public LayerStatistics Statistics { get; }

    /// <summary>Says which model it was.</summary>
    public string Model { get; }

    /// <summary>What was read, or is to be.</summary>
    public IReadOnlyList<TextPart> Parts { get; private set; }

    /// <summary>How many batches were read.</summary>
    public int Done { get; private set; }

    /// <summary>How many there are to read.</summary>
    public int Total { get; private set; }

    public bool IsComplete => Done == Total;

    /// <summary>The parts of its texts that it does not hold.</summary>
    public IReadOnlyList<Shard> Missing =>
        [.. Parts.GroupBy(part => part.Text, part => part.Shard).SelectMany(shards => Shard.Missing([.. shards]))];

    public static StatisticsFile Start(LayerStatistics statistics, Module model, TextPieces text) =>
        new(statistics, ModelFingerprint.Of(model), [new(text.Hash, text.Shard, text.Tokens)], 0, text.Count);

    public static StatisticsFile Load(string path)
    {
        var statistics = LayerStatistics.Load(path);
        try
        {
            return Of(statistics, path);
        }
        catch
        {
            statistics.Dispose();
            throw;
        }
    }

    /// <summary>Statistics that were read from a file, with what its notes say.</summary>
    public static StatisticsFile Of(LayerStatistics statistics, string path)
    {
        string Note(string name) => statistics.Notes.TryGetValue(name, out string? text) ? text
            : throw new CheckpointException(path, null, $"It was not written by 'nethook stats': its notes lack '{name}'.");
        IReadOnlyList<TextPart> Parts() => [.. Note(PartsNote).Split('\n').Select(part => TextPart.Parse(part)
            ?? throw new CheckpointException(path, null, $"Its note '{PartsNote}' is malformed: {part}."))];
        int Number(string name) => int.TryParse(Note(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : throw new CheckpointException(path, null, $"Its note '{name}' is no number: {Note(name)}.");
        IReadOnlyList<TextPart> parts = Parts();
        (int done, int total) = (Number(DoneNote), Number(TotalNote));
        if (done > total)
            throw new CheckpointException(path, null, $"Its notes say that {done} of {total} batches are done.");
        if (Shard.CommonCount(parts.Select(part => part.Shard)) is null)
            throw new CheckpointException(path, null, $"Its note '{PartsNote}' divides a text into more than {Shard.MostParts} pieces.");
        return new(statistics, Note(ModelNote), parts, done, total);
    }

    /// <summary>Whether the statistics were gathered here, with notes, and not saved by another program.</summary>
    public static bool HasNotes(LayerStatistics statistics) => statistics.Notes.ContainsKey(ModelNote) && statistics.Notes.ContainsKey(PartsNote);

    /// <summary>Goes on where a file stops, or makes it, and marks it as taken, so that no other run saves over this one.</summary>
    /// <exception cref="ToolException">The file is of other work.</exception>
    public void Take(string path)
    {
        if (!File.Exists(path) && TryMake(path))
            return;
        using StatisticsFile before = Load(path);
        if (before.Model != Model || before.Total != Total || !before.Parts.SequenceEqual(Parts))
            throw new ToolException($"{path} holds statistics of another {(before.Model != Model ? "model" : "text or part of it")}. Choose another file, or remove it.");
        try
        {
            Statistics.Merge(before.Statistics);
        }
        catch (ArgumentException e)
        {
            throw new ToolException($"{path} holds other statistics. Choose another file, or remove it. ({e.Message})");
        }

        Done = before.Done;
        if (!IsComplete)
            Save(path);
    }

    /// <summary>Saves to a file that was taken; where it was taken by another run meanwhile, to another beside it.</summary>
    /// <exception cref="ToolException">The file is another run's; the message says where this is.</exception>
    public void Keep(string path)
    {
        if (!File.Exists(path) || IsOfThisRun(path))
        {
            Save(path);
            return;
        }

        string aside = $"{path}.{Parts[0].Shard.Number}-of-{Parts[0].Shard.Count}";
        if (File.Exists(aside))
            aside += $".{Path.GetRandomFileName()}";
        Save(aside);
        throw new ToolException(
            $"Another run saved in {path} meanwhile, and that is left there. What was read here is in {aside}: {Figures.Count(Done)} of {Figures.Count(Total, "batch", "batches")}. Each run needs a file of its own.");
    }

    /// <summary>Removes a file that was taken, where nothing was saved in it.</summary>
    public void Leave(string path)
    {
        if (File.Exists(path) && IsOfThisRun(path) && LayerStatistics.LoadNotes(path)[DoneNote] == "0")
            File.Delete(path);
    }

    /// <summary>Adds what other work has found, which must be complete, of the same model, and of other parts.</summary>
    public void Merge(StatisticsFile other, string path)
    {
        if (other.Model != Model)
            throw new ToolException($"{path} holds statistics of another model than the files before it.");
        if (other.Parts.FirstOrDefault(part => Parts.Any(part.Overlaps)) is { } twice)
        {
            Shard held = Parts.First(twice.Overlaps).Shard;
            throw new ToolException($"{path} holds part {twice.Shard} of a text, of which the files before it hold part {held}: {(held == twice.Shard ? "it" : "some of it")} would count twice.");
        }

        IReadOnlyList<TextPart> all = [.. Parts, .. other.Parts];
        if (Shard.CommonCount(all.Select(part => part.Shard)) is null)
            throw new ToolException($"{path} is of another division of the text than the files before it, and both fit only into one of more than {Shard.MostParts} pieces. Merge parts i/n of the same n.");
        if ((long)Total + other.Total > int.MaxValue)
            throw new ToolException($"{path} and the files before it have more than {int.MaxValue} batches in all.");
        Statistics.Merge(other.Statistics);
        Parts = all;
        Done += other.Done;
        Total += other.Total;
    }

    public void Add(TraceDict traces)
    {
        Statistics.Add(traces);
        Done++;
    }

    /// <summary>Saves to a file that is not there yet.</summary>
    /// <exception cref="ToolException">It is by now.</exception>
    public void SaveNew(string path)
    {
        if (!TryMake(path))
            throw OutputFile.IsThere(path);
    }

    public void Dispose() => Statistics.Dispose();

    private bool TryMake(string path)
    {
        WriteNotes();
        return Statistics.TrySaveNew(path);
    }

    private void Save(string path)
    {
        WriteNotes();
        Statistics.Save(path);
    }

    private void WriteNotes()
    {
        Statistics.Notes[ModelNote] = Model;
        Statistics.Notes[PartsNote] = string.Join('\n', Parts);
        Statistics.Notes[DoneNote] = Done.ToString(CultureInfo.InvariantCulture);
        Statistics.Notes[TotalNote] = Total.ToString(CultureInfo.InvariantCulture);
        if (IsComplete)
            Statistics.Notes.Remove(RunNote);
        else
            Statistics.Notes[RunNote] = _run;
    }

    // The notes alone are read: the statistics may be as large as the memory.
    private bool IsOfThisRun(string path)
    {
        try
        {
            return LayerStatistics.LoadNotes(path).TryGetValue(RunNote, out string? run) && run == _run;
        }
        catch (CheckpointException)
        {
            return !File.Exists(path);
        }
    }
}
