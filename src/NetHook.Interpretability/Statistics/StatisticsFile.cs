using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>
/// Statistics of a text, as a <see cref="StatisticsJob"/> gathers them: with notes of the model and of the parts of texts that were read, by
/// which work goes on after it was interrupted, and nothing counts twice. Owns its statistics. Not thread-safe.
/// </summary>
public sealed class StatisticsFile : IDisposable
{
    private const string RunNote = "run";

    // Marks a file as this run's until the work is complete.
    private readonly string _run = Guid.NewGuid().ToString("N");
    private StatisticsNotes _notes;

    internal StatisticsFile(LayerStatistics statistics, StatisticsNotes notes) => (Statistics, _notes) = (statistics, notes);

    /// <summary>The statistics, layer by layer.</summary>
    public LayerStatistics Statistics { get; }

    /// <summary>The parts of texts that were read, in the order in which they were merged.</summary>
    public IReadOnlyList<TextPart> Parts => _notes.Parts;

    /// <summary>How many batches were read.</summary>
    public int Batches => _notes.Batches;

    /// <summary>How many of them were read since this object was made: none if the work was complete before.</summary>
    public int BatchesRead { get; private set; }

    /// <summary>Whether all of the parts was read.</summary>
    public bool IsComplete => _notes.IsComplete;

    /// <summary>The share of the work that is done, 0 to 1.</summary>
    public double Share => _notes.Share;

    /// <summary>The parts of these texts that are not among <see cref="Parts"/>.</summary>
    public IReadOnlyList<Shard> Missing =>
        [.. Parts.GroupBy(part => part.Text, part => part.Shard).SelectMany(shards => Shard.Missing([.. shards]))];

    internal StatisticsNotes Notes => _notes;

    /// <summary>Reads a file that a job has saved, complete or not.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it holds, the caller's to dispose.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, or was not written by a job.</exception>
    public static StatisticsFile Load(string path)
    {
        var statistics = LayerStatistics.Load(path);
        try
        {
            return new(statistics, StatisticsNotes.Read(statistics.Notes, path));
        }
        catch
        {
            statistics.Dispose();
            throw;
        }
    }

    /// <summary>Statistics that were read from a file, with what a job has noted there.</summary>
    /// <param name="statistics">The statistics. They belong to the result, if there is one.</param>
    /// <param name="path">The file, for messages.</param>
    /// <returns>The same with its notes; null if no job has written any.</returns>
    /// <exception cref="CheckpointException">The notes are damaged.</exception>
    public static StatisticsFile? Of(LayerStatistics statistics, string path)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        return StatisticsNotes.AreIn(statistics.Notes) ? new(statistics, StatisticsNotes.Read(statistics.Notes, path)) : null;
    }

    /// <summary>Puts the parts of a work together: two halves merged equal the whole.</summary>
    /// <param name="paths">Files that jobs have completed, at least one, of one model and the same layers and statistics.</param>
    /// <param name="cancellation">Ends the work between two files.</param>
    /// <returns>All of them as one, the caller's to dispose.</returns>
    /// <exception cref="CheckpointException">A file is missing, damaged, or was not written by a job.</exception>
    /// <exception cref="StatisticsJobException">A file is not complete, is of another model or other layers or statistics, or holds some of a
    /// text that one before it holds too.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static StatisticsFile Merge(IReadOnlyList<string> paths, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count);
        StatisticsFile merged = LoadComplete(paths[0]);
        try
        {
            foreach (string path in paths.Skip(1))
            {
                cancellation.ThrowIfCancellationRequested();
                using StatisticsFile other = LoadComplete(path);
                merged.Merge(other, path);
            }

            return merged;
        }
        catch
        {
            merged.Dispose();
            throw;
        }
    }

    /// <summary>Whether the statistics are of a model with these weights and settings.</summary>
    /// <param name="model">The model.</param>
    /// <returns>True if they are.</returns>
    public bool IsOf(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _notes.Model == ModelFingerprint.Of(model.Model);
    }

    /// <summary>Whether the statistics are of this text and of no other.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True if they are.</returns>
    public bool IsOf(Corpus text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parts.All(part => part.Text == text.Hash);
    }

    /// <summary>Saves to a file that is not there yet.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="StatisticsJobException">The file is there.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveNew(string path)
    {
        if (!TryMake(path))
            throw new StatisticsJobException(path, $"{path} is there already. Choose another file, or remove it.");
    }

    /// <summary>Frees the statistics.</summary>
    public void Dispose() => Statistics.Dispose();

    /// <summary>Goes on where a file stops, or makes it, and marks it as taken, so that no other run saves over this one.</summary>
    /// <exception cref="StatisticsJobException">The file is of other work.</exception>
    internal void Claim(string path)
    {
        if (!File.Exists(path) && TryMake(path))
            return;
        using StatisticsFile before = Load(path);
        if (before._notes.Model != _notes.Model || before.Parts.Count != 1 || !before.Parts[0].IsSamePart(Parts[0]))
            throw new StatisticsJobException(path, $"{path} holds statistics of another {(before._notes.Model != _notes.Model ? "model" : "text or part of it")}. Choose another file, or remove it.");
        if (Statistics.WhyNotMerge(before.Statistics) is { } reason)
            throw new StatisticsJobException(path, $"{path} holds other statistics. Choose another file, or remove it. ({reason})");
        Statistics.Merge(before.Statistics);
        _notes = before._notes;
        if (!IsComplete)
            Save(path);
    }

    /// <summary>Saves to a file that was claimed; if another run claimed it meanwhile, to another beside it.</summary>
    /// <exception cref="StatisticsJobException">The file is another run's; the message says where this is.</exception>
    internal void Checkpoint(string path)
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
        throw new StatisticsJobException(
            path, $"Another run saved in {path} meanwhile, and that is left there. What was read here is in {aside}: {Amount()}. Each run needs a file of its own.");
    }

    /// <summary>Removes a file that was claimed, if nothing was saved in it.</summary>
    internal void Release(string path)
    {
        if (File.Exists(path) && IsOfThisRun(path) && StatisticsNotes.Read(LayerStatistics.LoadNotes(path).ToDictionary(), path).Batches == 0)
            File.Delete(path);
    }

    /// <summary>Counts a batch whose activations were added.</summary>
    internal void Count(CorpusBatch batch)
    {
        TextPart part = Parts[0];
        BatchesRead++;
        _notes = _notes with
        {
            Batches = Batches + 1,
            Parts = [part with { Tokens = part.Tokens + batch.Tokens }],
            NextPiece = batch.NextPiece,
            Next = batch.Next,
        };
    }

    internal void Complete() => _notes = _notes with { IsComplete = true };

    private static StatisticsFile LoadComplete(string path)
    {
        StatisticsFile file = Load(path);
        if (file.IsComplete)
            return file;
        file.Dispose();
        throw new StatisticsJobException(path, $"{path} is not complete: {file.Amount()}. The job that began it goes on from there.");
    }

    private void Merge(StatisticsFile other, string path)
    {
        if (other._notes.Model != _notes.Model)
            throw new StatisticsJobException(path, $"{path} holds statistics of another model than the files before it.");
        var held = Parts.GroupBy(part => part.Text, part => part.Shard).ToDictionary(text => text.Key, shards => new ShardSet(shards));
        foreach (TextPart part in other.Parts)
        {
            if (held.TryGetValue(part.Text, out ShardSet? set) && set.Overlapping(part.Shard) is { } twice)
                throw new StatisticsJobException(path, $"{path} holds part {part.Shard} of a text, of which the files before it hold part {twice}: {(twice == part.Shard ? "it" : "some of it")} would count twice.");
        }

        IReadOnlyList<TextPart> all = [.. Parts, .. other.Parts];
        if (Shard.CommonCount(all.Select(part => part.Shard)) is null)
            throw new StatisticsJobException(path, $"{path} is of another division of the text than the files before it, and both fit only into one of more than {Shard.MostParts} pieces. Merge parts i/n of the same n.");
        if ((long)Batches + other.Batches > int.MaxValue)
            throw new StatisticsJobException(path, $"{path} and the files before it have more than {int.MaxValue} batches in all.");
        if (Statistics.WhyNotMerge(other.Statistics) is { } reason)
            throw new StatisticsJobException(path, reason);
        Statistics.Merge(other.Statistics);
        _notes = _notes with { Parts = all, Batches = Batches + other.Batches };
    }

    private string Amount() => string.Create(CultureInfo.InvariantCulture, $"{Batches:N0} {(Batches == 1 ? "batch" : "batches")}, {100 * Share:F0} % of the work");

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
        _notes.Write(Statistics.Notes);
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
