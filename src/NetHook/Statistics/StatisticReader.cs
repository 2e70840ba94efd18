using System.Globalization;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Reads what <see cref="StatisticWriter"/> wrote, and trusts none of it.</summary>
internal sealed class StatisticReader
{
    private const string NotePrefix = "note:";
    private readonly SafetensorsFile _file;
    private readonly string _prefix;
    private readonly int _depth;

    public StatisticReader(SafetensorsFile file)
        : this(file, "", 0)
    {
    }

    private StatisticReader(SafetensorsFile file, string prefix, int depth)
    {
        (_file, _prefix, _depth) = (file, prefix, depth);

        // One more than combined statistics may have, for the layers.
        if (depth > CombinedStatistic.MostNested + 1)
            throw Bad($"Its parts are nested more than {CombinedStatistic.MostNested} deep.");
        Type = file.Metadata.TryGetValue("statistic:" + prefix, out string? type)
            ? type
            : throw Bad($"It holds no running statistic: its metadata has no entry 'statistic:{prefix}'.");
    }

    public string Type { get; }

    public IReadOnlyList<string> Parts => _file.Metadata.TryGetValue("parts:" + _prefix, out string? parts)
        ? parts.Split('\n')
        : throw Bad($"Its metadata has no entry 'parts:{_prefix}'.");

    public IEnumerable<KeyValuePair<string, string>> Notes => _file.Metadata
        .Where(entry => entry.Key.StartsWith(NotePrefix, StringComparison.Ordinal))
        .Select(entry => KeyValuePair.Create(entry.Key[NotePrefix.Length..], entry.Value));

    public StatisticReader At(string part) => new(_file, _prefix + part + "/", _depth + 1);

    public bool Has(string name) => _file.Entries.ContainsKey(_prefix + name);

    public long ReadInteger(string name, long least = long.MinValue, long most = long.MaxValue)
    {
        using Tensor tensor = ReadTensor(new(name, ScalarType.Int64));
        long value = tensor.item<long>();
        if (value >= least && value <= most)
            return value;
        throw Bad(string.Create(CultureInfo.InvariantCulture, $"It is {value}, which cannot be."), name);
    }

    public double ReadNumber(string name, double least = double.MinValue)
    {
        using Tensor tensor = ReadTensor(AccumulatorLayout.Of(name));
        double value = tensor.item<double>();
        if (!double.IsFinite(value))
            throw Bad("It is not a finite number.", name);
        return value >= least ? value : throw Bad(string.Create(CultureInfo.InvariantCulture, $"It is {value}, which cannot be."), name);
    }

    public Tensor ReadTensor(AccumulatorLayout layout)
    {
        string key = _prefix + layout.Name;
        if (!_file.Entries.TryGetValue(key, out SafetensorsEntry? entry))
            throw Bad($"The {Type} lacks it.", layout.Name);
        if (entry.Dtype == layout.Dtype && layout.Fits(entry.Shape))
            return _file.Read(key);
        string expected = string.Join(", ", layout.Shape.Select(size => size < 0 ? "any" : size.ToString(CultureInfo.InvariantCulture)));
        throw Bad($"It is {entry.Dtype?.ToString() ?? entry.DtypeName} [{string.Join(", ", entry.Shape)}], and the {Type} needs {layout.Dtype} [{expected}].", layout.Name);
    }

    public CheckpointException Bad(string problem, string? name = null) =>
        new(_file.FilePath, name is null ? null : _prefix + name, problem);
}
