using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// Collects what is to be saved of statistics. Those inside others have keys that begin with the names of their parts,
/// <c>h.0/variance/mean</c>; the file's metadata says of what type each is, and what parts it has.
/// </summary>
internal sealed class StatisticWriter : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors;
    private readonly Dictionary<string, string> _metadata;
    private readonly DisposeScope? _scope;
    private readonly string _prefix;

    public StatisticWriter()
    {
        _tensors = [];
        _metadata = [];
        _prefix = "";
        _scope = NewDisposeScope();
    }

    private StatisticWriter(StatisticWriter parent, string part)
    {
        _tensors = parent._tensors;
        _metadata = parent._metadata;
        _prefix = parent._prefix + part + "/";
    }

    public string Type
    {
        set
        {
            if (!_metadata.TryAdd("statistic:" + _prefix, value))
                throw new InvalidOperationException($"Two statistics would both be saved as '{_prefix}': give the layers or parts names without '/'.");
        }
    }

    public IEnumerable<string> Parts
    {
        set => _metadata["parts:" + _prefix] = string.Join('\n', value);
    }

    public StatisticWriter At(string part) => new(this, part);

    public void Write(string name, Tensor tensor) => _tensors[_prefix + name] = tensor;

    public void Write(string name, long value) => _tensors[_prefix + name] = tensor(value);

    public void Write(string name, double value) => _tensors[_prefix + name] = tensor(value);

    public void Note(string name, string text) => _metadata["note:" + name] = text;

    public void Save(string path) => SafetensorsFile.Save(path, _tensors, _metadata);

    /// <returns>False if there is such a file.</returns>
    public bool TrySaveNew(string path) => SafetensorsFile.TrySaveNew(path, _tensors, _metadata);

    public void Dispose() => _scope?.Dispose();
}
