using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>One forward pass with layers traced and timed.</summary>
internal sealed class TracedPass : IDisposable
{
    private readonly TraceDict _traces;
    private readonly Dictionary<string, Watch> _watches;

    /// <summary>Attaches to the layers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layers">Layers that take and give one tensor.</param>
    /// <param name="stopAt">The layer after which the pass ends, or null.</param>
    /// <param name="cancellation">Looked at whenever a traced layer begins.</param>
    public TracedPass(Module model, IEnumerable<string> layers, string? stopAt, CancellationToken cancellation)
    {
        _watches = layers.ToDictionary(layer => layer, _ => new Watch(cancellation));
        _traces = new TraceDict(model, _watches.ToDictionary(pair => pair.Key, pair => pair.Value.Options(stop: pair.Key == stopAt)));
    }

    /// <summary>The layers that ran, in the order in which they began to.</summary>
    public IReadOnlyList<string> Ran { get; private set; } = [];

    /// <summary>Runs the pass.</summary>
    /// <returns>What it gives; null if it was stopped.</returns>
    public T? Run<T>(Func<T> forward)
    {
        using IDisposable _ = no_grad();
        T? result = _traces.Run(forward);
        Ran = [.. _traces.Keys.Where(layer => _traces[layer].CallCount > 0).OrderBy(layer => _watches[layer].Begun)];
        return result;
    }

    /// <summary>A layer's output, as a fresh handle.</summary>
    public Tensor Output(string layer) => _traces[layer].Output;

    /// <summary>Sums up a layer's output.</summary>
    public LayerActivation Describe(string layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor output = Output(layer), values = output.to(ScalarType.Float64);
        return new(
            layer,
            ModuleTypeName.Of(_traces[layer].Module),
            output.shape,
            values.mean().item<double>(),
            values.std(unbiased: false).item<double>(),
            values.norm().item<double>(),
            _watches[layer].Elapsed.TotalMilliseconds);
    }

    public void Dispose() => _traces.Dispose();

    /// <summary>Notes when a layer begins and ends, by edits that change nothing.</summary>
    private sealed class Watch(CancellationToken cancellation)
    {
        private long _ended;

        public long Begun { get; private set; }

        public TimeSpan Elapsed => Stopwatch.GetElapsedTime(Begun, _ended);

        public TraceOptions Options(bool stop) => new() { Detach = true, EditInput = Begin, EditOutput = End, Stop = stop };

        private Tensor? Begin()
        {
            cancellation.ThrowIfCancellationRequested();
            Begun = Stopwatch.GetTimestamp();
            return null;
        }

        private Tensor? End()
        {
            _ended = Stopwatch.GetTimestamp();
            return null;
        }
    }
}
