using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>A running statistic for each of several layers, fed from a <see cref="TraceDict"/> and kept in one file.</summary>
/// <remarks>
/// Owns its statistics until it is disposed. What is said of threads and merging at <see cref="RunningStatistic"/>
/// holds here.
/// </remarks>
/// <example><code>
/// var layers = net.ModuleNames("h.*.mlp");
/// using var statistics = new LayerStatistics(layers, _ => new RunningSecondMoment());
/// using var traces = new TraceDict(net, layers, new() { Detach = true });
/// foreach (var batch in batches)
/// {
///     traces.Run(() => net.call(batch));
///     statistics.Add(traces);
/// }
///
/// statistics.Save("moments.safetensors");
/// </code></example>
public sealed class LayerStatistics : IReadOnlyDictionary<string, RunningStatistic>, IDisposable
{
    private readonly OrderedDictionary<string, RunningStatistic> _statistics;

    /// <summary>Makes a statistic for each layer.</summary>
    /// <param name="layers">The layers' names, at least one.</param>
    /// <param name="make">Makes the statistic of a layer; a new one each time.</param>
    /// <exception cref="ArgumentException">There are no layers, or one comes twice or has a line break in its name; or a statistic is null, has samples already, or was given
    /// for another layer.</exception>
    public LayerStatistics(IEnumerable<string> layers, Func<string, RunningStatistic> make)
        : this(Make(layers, make))
    {
    }

    private LayerStatistics(OrderedDictionary<string, RunningStatistic> statistics) => _statistics = statistics;

    /// <summary>Texts that are saved with the statistics: how far a file was read, for which model, and the like.</summary>
    public IDictionary<string, string> Notes { get; } = new Dictionary<string, string>();

    /// <summary>How many layers there are.</summary>
    public int Count => _statistics.Count;

    /// <summary>The layers' names, in the order given.</summary>
    public IEnumerable<string> Keys => _statistics.Keys;

    /// <summary>The statistics, in the order of their layers.</summary>
    public IEnumerable<RunningStatistic> Values => _statistics.Values;

    /// <summary>The statistic of a layer, which stays owned by this.</summary>
    /// <param name="key">The layer's name.</param>
    /// <exception cref="KeyNotFoundException">There is no statistic of that layer.</exception>
    public RunningStatistic this[string key] => _statistics.TryGetValue(key, out RunningStatistic? statistic) ? statistic : throw new KeyNotFoundException(
        $"There is no statistic of layer '{key}'. There are those of {MessageText.List([.. _statistics.Keys])}.");

    /// <summary>Adds what each layer returned at its last call.</summary>
    /// <param name="traces">Traces of at least these layers. They are not changed.</param>
    /// <exception cref="KeyNotFoundException">A layer is not traced. Nothing was added.</exception>
    /// <exception cref="LayerNotRunException">A layer has not run since the traces were made or cleared. Nothing was added.</exception>
    /// <exception cref="InvalidOperationException">A layer's output is not retained, or is not one tensor. Nothing was added.</exception>
    /// <exception cref="ArgumentException">As with <see cref="RunningStatistic.Add(Tensor)"/>. Nothing was added.</exception>
    /// <exception cref="ObjectDisposedException">This, or one of its statistics, was disposed. Nothing was added.</exception>
    public void Add(TraceDict traces)
    {
        ArgumentNullException.ThrowIfNull(traces);
        using DisposeScope scope = NewDisposeScope();
        var outputs = _statistics.Keys.Select(layer => traces[layer].Output).ToList();
        foreach ((RunningStatistic statistic, Tensor output) in Values.Zip(outputs))
            statistic.Check(output);
        foreach ((RunningStatistic statistic, Tensor output) in Values.Zip(outputs))
            statistic.AddChecked(output);
    }

    /// <summary>Adds all samples that others have seen, layer by layer. Notes stay as they are.</summary>
    /// <param name="other">Statistics of the same layers, types and settings. They are not changed.</param>
    /// <exception cref="ArgumentException">The layers, types, settings or numbers of features differ. Nothing was added.</exception>
    public void Merge(LayerStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (WhyNotMerge(other) is { } reason)
            throw new ArgumentException(reason);
        foreach ((string layer, RunningStatistic statistic) in this)
            statistic.Merge(other[layer]);
    }

    /// <summary>Why others cannot be merged into these, in whole sentences; null if they can.</summary>
    internal string? WhyNotMerge(LayerStatistics other)
    {
        if (!other.Keys.ToHashSet().SetEquals(Keys))
        {
            return $"Statistics of {MessageText.List([.. other.Keys])} cannot be merged into those of "
                + $"{MessageText.List([.. Keys])}: the layers differ. Nothing was added.";
        }

        return this.Select(pair => pair.Value.WhyNotMergeAs(other[pair.Key], $" of layer '{pair.Key}'")).FirstOrDefault(reason => reason is not null);
    }

    /// <summary>Writes everything to one safetensors file, replacing what is there only once the new file is complete.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="IOException">The file cannot be written. A file that was there before is as it was.</exception>
    /// <exception cref="ObjectDisposedException">A statistic was disposed. A file that was there before is as it was.</exception>
    /// <exception cref="InvalidOperationException">A statistic's sums have become infinite or NaN. A file that was there before is as it was.</exception>
    /// <exception cref="ArgumentException">A note is null, or is not Unicode. A file that was there before is as it was.</exception>
    public void Save(string path)
    {
        using StatisticWriter writer = Write();
        writer.Save(path);
    }

    /// <summary>As <see cref="Save"/>, if there is no such file yet.</summary>
    /// <returns>False if there is one.</returns>
    internal bool TrySaveNew(string path)
    {
        using StatisticWriter writer = Write();
        return writer.TrySaveNew(path);
    }

    /// <summary>Reads the <see cref="Notes"/> of a file alone, however large it is.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The notes.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, or holds something else.</exception>
    public static IReadOnlyDictionary<string, string> LoadNotes(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Reader(file).Notes.ToDictionary();
    }

    /// <summary>Reads what <see cref="Save"/> wrote. The accumulators are on the CPU.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The statistics, which are the caller's to dispose.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, or holds something else.</exception>
    public static LayerStatistics Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        StatisticReader reader = Reader(file);
        var loaded = new LayerStatistics(new OrderedDictionary<string, RunningStatistic>());
        try
        {
            foreach (string layer in reader.Parts)
            {
                if (loaded.ContainsKey(layer))
                    throw reader.Bad($"It names layer '{layer}' twice.");
                loaded._statistics.Add(layer, RunningStatistic.Read(reader.At(layer)));
            }

            foreach ((string name, string text) in reader.Notes)
                loaded.Notes[name] = text;
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    private static StatisticReader Reader(SafetensorsFile file)
    {
        var reader = new StatisticReader(file);
        return reader.Type == nameof(LayerStatistics) ? reader : throw reader.Bad($"It holds a {reader.Type}, not {nameof(LayerStatistics)}.");
    }

    private StatisticWriter Write()
    {
        var writer = new StatisticWriter { Type = nameof(LayerStatistics), Parts = Keys };
        try
        {
            foreach ((string layer, RunningStatistic statistic) in this)
                statistic.Write(writer.At(layer));
            foreach ((string name, string text) in Notes)
                writer.Note(name, text);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Frees all statistics.</summary>
    public void Dispose()
    {
        foreach (RunningStatistic statistic in _statistics.Values)
            statistic.Dispose();
    }

    /// <summary>Whether there is a statistic of a layer.</summary>
    /// <param name="key">The layer's name.</param>
    /// <returns>True when there is.</returns>
    public bool ContainsKey(string key) => _statistics.ContainsKey(key);

    /// <summary>Gets the statistic of a layer, if there is one.</summary>
    /// <param name="key">The layer's name.</param>
    /// <param name="value">The statistic.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out RunningStatistic value) => _statistics.TryGetValue(key, out value);

    /// <summary>Goes through layers and statistics in the order given.</summary>
    /// <returns>The enumerator.</returns>
    public IEnumerator<KeyValuePair<string, RunningStatistic>> GetEnumerator() => _statistics.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static OrderedDictionary<string, RunningStatistic> Make(IEnumerable<string> layers, Func<string, RunningStatistic> make)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(make);
        var statistics = new OrderedDictionary<string, RunningStatistic>();
        foreach (string layer in layers)
        {
            if (layer.Contains('\n', StringComparison.Ordinal))
                throw new ArgumentException($"A layer cannot be named '{layer}': the name has a line break.", nameof(layers));
            if (statistics.ContainsKey(layer))
                throw new ArgumentException($"Layer '{layer}' was given twice.", nameof(layers));
            statistics.Add(layer, make(layer));
        }

        if (statistics.Count == 0)
            throw new ArgumentException("No layers were given.", nameof(layers));
        NewStatistics.Check(statistics, nameof(make));
        return statistics;
    }
}
