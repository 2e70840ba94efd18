using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>What a running statistic owns: named tensors that belong to no dispose scope.</summary>
internal sealed class Accumulators : IDisposable
{
    private readonly OrderedDictionary<string, Tensor> _tensors = [];

    /// <summary>The names and tensors, in the order in which they were first set.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> All => _tensors;

    /// <summary>Where the tensors are; the CPU as long as there are none.</summary>
    public Device Device => _tensors.Count > 0 ? _tensors.GetAt(0).Value.device : CPU;

    /// <summary>A tensor. Setting it frees the one that was there.</summary>
    public Tensor this[string name]
    {
        get => _tensors[name];
        set
        {
            if (_tensors.TryGetValue(name, out Tensor? old) && !ReferenceEquals(old, value))
                old.Dispose();
            _tensors[name] = value.DetachFromDisposeScope();
        }
    }

    public void MoveTo(Device device)
    {
        foreach ((string name, Tensor tensor) in _tensors.ToList())
        {
            if (tensor.device_type != device.type || tensor.device_index != device.index)
                this[name] = tensor.to(device);
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
    }
}
