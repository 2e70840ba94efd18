using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>
/// Traces of many facts, as a <see cref="CausalTraceJob"/> makes them: one of each fact, and their averages by the role of the token.
/// <see cref="ToString"/> draws these. Immutable; holds no tensors.
/// </summary>
/// <remarks>
/// As a file it is lines of JSON: the first says of which model, facts and options the traces are, and each other one is a <see cref="FactTrace"/>.
/// Parts that were traced on several machines, merged, are the same file, byte by byte, as that of the undivided work, if these machines compute
/// the same numbers.
/// </remarks>
public sealed class CausalTraceFile
{
    internal CausalTraceFile(CausalTraceNotes notes, IEnumerable<FactTrace> facts)
    {
        Notes = notes;
        Facts = [.. facts.OrderBy(fact => fact.Number)];
        FactTrace[] known = [.. Facts.Where(fact => fact.IsKnown)];
        MeanEstimate Mean(Func<FactTrace, double> value) => MeanEstimate.Of([.. known.Select(value)]);
        CleanProbability = Mean(fact => fact.CleanProbability!.Value);
        CorruptedProbability = Mean(fact => fact.CorruptedProbability!.Value);
        TotalEffect = Mean(fact => fact.CleanProbability!.Value - fact.CorruptedProbability!.Value);
        Averages = [.. Kinds.Select((kind, i) => new CausalTraceAverage(kind.Kind, kind.Window, notes.Layers, known, i))];
        Known = known.Length;
        var parts = new ShardSet(notes.Shards);
        IsComplete = Facts.Count == Enumerable.Range(0, AllFacts).Count(parts.Holds);
    }

    /// <summary>The traces of the facts, in the order of the facts. Those of facts that the model does not know are among them, without numbers.</summary>
    public IReadOnlyList<FactTrace> Facts { get; }

    /// <summary>How many facts there are in all parts together.</summary>
    public int AllFacts => Notes.Count;

    /// <summary>How many of <see cref="Facts"/> the model knows: those that are averaged.</summary>
    public int Known { get; }

    /// <summary>How many of <see cref="Facts"/> were left out, because the model predicts another token than the answer.</summary>
    public int Unknown => Facts.Count - Known;

    /// <summary>The kinds of states that were restored, each with its window.</summary>
    public IReadOnlyList<CausalTraceKind> Kinds => Notes.Kinds;

    /// <summary>Which modules of the restored token were kept as in the corrupted run; null if none were.</summary>
    public StateKind? Sever => Notes.Sever;

    /// <summary>The standard deviation of the noise, in those of the embeddings.</summary>
    public double Noise => Notes.Noise;

    /// <summary>How many corrupted runs there were of each fact.</summary>
    public int Samples => Notes.Samples;

    /// <summary>The seed of the noise, the same for each fact.</summary>
    public long Seed => Notes.Seed;

    /// <summary>Which parts of the facts this is of.</summary>
    public IReadOnlyList<Shard> Parts => Notes.Shards;

    /// <summary>The parts of the facts that are not among <see cref="Parts"/>.</summary>
    public IReadOnlyList<Shard> Missing => [.. Shard.Missing([.. Parts])];

    /// <summary>Whether all facts of the parts were traced.</summary>
    public bool IsComplete { get; }

    /// <summary>The probability of the answer in the clean run, over the facts that the model knows.</summary>
    public MeanEstimate CleanProbability { get; }

    /// <summary>The probability of the answer in the corrupted runs, over the facts that the model knows.</summary>
    public MeanEstimate CorruptedProbability { get; }

    /// <summary>The average total effect of the paper: clean less corrupted probability.</summary>
    public MeanEstimate TotalEffect { get; }

    /// <summary>The average indirect effects, of each of <see cref="Kinds"/> in their order.</summary>
    public IReadOnlyList<CausalTraceAverage> Averages { get; }

    internal CausalTraceNotes Notes { get; }

    /// <summary>Reads a file that a job has saved, complete or not.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it holds.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, or was not written by a job.</exception>
    public static CausalTraceFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = InputFile.Open(path);
        return CausalTraceLines.Read(stream, path).File;
    }

    /// <summary>Puts the parts of a work together: two halves merged equal the whole.</summary>
    /// <param name="paths">Files that jobs have completed, at least one, of one model, the same facts and the same options.</param>
    /// <param name="cancellation">Ends the work between two files.</param>
    /// <returns>All of them as one.</returns>
    /// <exception cref="CheckpointException">A file is missing, damaged, or was not written by a job.</exception>
    /// <exception cref="CausalTraceJobException">A file is not complete, is of another model, other facts or other options, or holds some of
    /// the facts that one before it holds too.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static CausalTraceFile Merge(IReadOnlyList<string> paths, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count);
        CausalTraceNotes? notes = null;
        var held = new ShardSet([]);
        List<Shard> parts = [];
        List<FactTrace> facts = [];
        foreach (string path in paths)
        {
            cancellation.ThrowIfCancellationRequested();
            CausalTraceFile file = Load(path);
            if (!file.IsComplete)
                throw new CausalTraceJobException(path, string.Create(CultureInfo.InvariantCulture, $"{path} is not complete: it holds {file.Facts.Count:N0} facts of part {string.Join(", ", file.Parts)} of {file.AllFacts:N0}. The job that began it goes on from there."));
            notes ??= file.Notes;
            if (notes.WhyNotMerge(file.Notes) is { } reason)
                throw new CausalTraceJobException(path, $"{path} holds {reason} than the files before it.");
            Add(held, parts, file.Parts, path);
            facts.AddRange(file.Facts);
        }

        // The parts of the whole are the whole.
        return new(Shard.Missing(parts).Any() ? notes!.Of(parts) : notes!.Of([Shard.Whole]), facts);
    }

    /// <summary>Whether the traces are of a model with these weights and settings.</summary>
    /// <param name="model">The model.</param>
    /// <returns>True if they are.</returns>
    public bool IsOf(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Notes.Model == ModelFingerprint.Of(model.Model);
    }

    /// <summary>Saves to a file that is not there yet.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="CausalTraceJobException">The file is there.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveNew(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!AtomicFile.TryWriteNew(path, stream => CausalTraceLines.Write(stream, this)))
            throw new CausalTraceJobException(path, $"{path} is there already. Choose another file, or remove it.");
    }

    /// <summary>The averages as text: how many facts, what corruption does, and a table for each kind of states, in percent.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        string count = string.Create(CultureInfo.InvariantCulture, $"{Facts.Count:N0} {(Facts.Count == 1 ? "fact" : "facts")}, of which the model knows {Known:N0}");
        if (Known == 0)
            return $"{count}.";
        string Table(CausalTraceAverage average) =>
            $"\n\nAverage indirect effect in percent, with the {StateKindNames.Of(average.Kind, average.Window)} restored{StateKindNames.Severed(Sever)}:\n\n{average}";
        return $"""
            {count}. The others are left out. ± is the 95 % confidence interval.
            The probability of the answer is {CausalTraceAverage.Percent(CleanProbability)} %, and {CausalTraceAverage.Percent(CorruptedProbability)} % with the subject corrupted.
            """.ReplaceLineEndings("\n") + string.Concat(Averages.Select(Table));
    }

    private static void Add(ShardSet held, List<Shard> parts, IReadOnlyList<Shard> more, string path)
    {
        if (more.FirstOrDefault(part => held.Overlapping(part) is not null) is { } twice)
            throw new CausalTraceJobException(path, $"{path} holds part {twice} of the facts, of which the files before it hold some: they would count twice.");
        foreach (Shard part in more)
            held.Add(part);
        parts.AddRange(more);
        if (Shard.CommonCount(parts) is null)
            throw new CausalTraceJobException(path, $"{path} is of another division of the facts than the files before it, and both fit only into one of more than {Shard.MostParts} parts. Merge parts i/n of the same n.");
    }
}
