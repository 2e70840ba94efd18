using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Several statistics of the same activations, which are read and converted once for all of them.</summary>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
/// <example><code>
/// using var statistic = new CombinedStatistic(new Dictionary&lt;string, RunningStatistic>
/// {
///     ["variance"] = new RunningVariance(),
///     ["top"] = new RunningTopK(10),
/// });
/// </code></example>
public sealed class CombinedStatistic : RunningStatistic
{
    /// <summary>How many combinations may be within each other.</summary>
    internal const int MostNested = 32;

    private readonly OrderedDictionary<string, RunningStatistic> _parts;

    /// <summary>Combines statistics.</summary>
    /// <param name="parts">The statistics under names without '/'. They are disposed with the combination.</param>
    /// <exception cref="ArgumentException">There are none, or a name is empty or has a '/'; or one is null, has samples already, or comes
    /// twice; or combinations are within each other more than 32 deep.</exception>
    public CombinedStatistic(IReadOnlyDictionary<string, RunningStatistic> parts)
        : this(Own(parts))
    {
    }

    private CombinedStatistic(OrderedDictionary<string, RunningStatistic> parts) => _parts = parts;

    /// <summary>The statistics combined, in the order given.</summary>
    public IReadOnlyDictionary<string, RunningStatistic> Parts => _parts;

    /// <summary>A statistic by its name and type.</summary>
    /// <typeparam name="T">The statistic's type.</typeparam>
    /// <param name="name">The name under which it was given.</param>
    /// <returns>The statistic, which stays owned by the combination.</returns>
    /// <exception cref="KeyNotFoundException">There is no statistic of that name and type.</exception>
    public T Part<T>(string name)
        where T : RunningStatistic =>
        _parts.TryGetValue(name, out RunningStatistic? part) && part is T found ? found : throw new KeyNotFoundException(
            $"There is no {TypeNames.Of(typeof(T))} '{name}' among the statistics combined: "
            + $"{string.Join(", ", _parts.Select(pair => $"{TypeNames.Of(pair.Value)} '{pair.Key}'"))}.");

    internal static CombinedStatistic From(StatisticReader reader)
    {
        var parts = new OrderedDictionary<string, RunningStatistic>();
        try
        {
            foreach (string name in reader.Parts)
            {
                if (!IsName(name))
                    throw reader.Bad($"It names a part '{name}': names are not empty and have no '/'.");
                if (parts.ContainsKey(name))
                    throw reader.Bad($"It names the part '{name}' twice.");
                parts.Add(name, Read(reader.At(name)));
            }

            return new(parts);
        }
        catch
        {
            foreach (RunningStatistic part in parts.Values)
                part.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        foreach (RunningStatistic part in _parts.Values)
            part.Dispose();
    }

    private protected override IEnumerable<AccumulatorLayout> Layout(long features) => [];

    internal override void Check(Tensor activations)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        foreach (RunningStatistic part in _parts.Values)
            part.Check(activations);
    }

    private protected override void Accumulate(Tensor samples)
    {
        foreach (RunningStatistic part in _parts.Values)
            part.Absorb(samples);
    }

    private protected override void MergeFrom(RunningStatistic other)
    {
        foreach ((string name, RunningStatistic part) in ((CombinedStatistic)other)._parts)
            _parts[name].Merge(part);
    }

    private protected override string? DiffersFrom(RunningStatistic other)
    {
        OrderedDictionary<string, RunningStatistic> theirs = ((CombinedStatistic)other)._parts;
        if (!theirs.Keys.ToHashSet().SetEquals(_parts.Keys))
            return $"it combines {string.Join(", ", theirs.Keys)}, this one {string.Join(", ", _parts.Keys)}";
        return _parts
            .Select(pair => pair.Value.WhyNotMerge(theirs[pair.Key]) is { } reason ? $"of the two '{pair.Key}', {reason}" : null)
            .FirstOrDefault(reason => reason is not null);
    }

    private protected override Damage? WhyDamaged() => _parts
        .Where(pair => (pair.Value.Count, pair.Value.Features) != (Count, Features))
        .Select(pair => new Damage(null, $"Its part '{pair.Key}' counts {pair.Value.Count} samples of {pair.Value.Features ?? 0} features, and it counts {Count} of {Features}."))
        .FirstOrDefault();

    private protected override void WriteSettings(StatisticWriter writer)
    {
        writer.Parts = _parts.Keys;
        foreach ((string name, RunningStatistic part) in _parts)
            part.Write(writer.At(name));
    }

    private static OrderedDictionary<string, RunningStatistic> Own(IReadOnlyDictionary<string, RunningStatistic> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
            throw new ArgumentException("No statistics to combine were given.", nameof(parts));
        foreach (string name in parts.Keys)
        {
            if (!IsName(name))
                throw new ArgumentException($"A statistic cannot be named '{name}': names are not empty and have no '/'.", nameof(parts));
        }

        NewStatistics.Check(parts, nameof(parts));
        if (1 + parts.Values.Max(Depth) > MostNested)
            throw new ArgumentException($"Statistics are combined within each other more than {MostNested} deep.", nameof(parts));
        return new(parts);
    }

    private static bool IsName(string name) => name.Length > 0 && !name.AsSpan().ContainsAny('/', '\n');

    private static int Depth(RunningStatistic statistic) => statistic is CombinedStatistic combined ? 1 + combined._parts.Values.Max(Depth) : 0;
}
