using System.Diagnostics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>
    /// Summarises a model: its layer tree with types and parameter counts and, when a forward pass is given, the output
    /// shapes, calls and time of each layer.
    /// </summary>
    /// <param name="model">The model. It is left as it was, whatever the pass does.</param>
    /// <param name="forward">
    /// Runs the model, usually <c>() => model.call(x)</c>. On the meta device this needs neither weights nor time:
    /// models too large to load can be summarised, as far as libtorch has meta kernels for their operations (it has none
    /// for relu, for one); without a pass, any model can.
    /// </param>
    /// <returns>The summary; its <see cref="ModelSummary.ToString"/> is the table.</returns>
    /// <remarks>An exception of the pass passes through.</remarks>
    public static ModelSummary Summary(this Module model, Action? forward = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var tree = ModuleTree.Descendants(model).Prepend(("", model)).ToList();
        var firstPaths = new Dictionary<Module, string>(ReferenceEqualityComparer.Instance);
        foreach ((string path, Module module) in tree)
            firstPaths.TryAdd(module, path);

        Dictionary<Module, Meter> meters = forward is null ? [] : Measure(firstPaths, forward);
        var layers = tree.Select(layer => Summarise(layer.Item1, layer.Item2, firstPaths[layer.Item2], meters.GetValueOrDefault(layer.Item2))).ToList();
        var parameters = model.parameters().ToList();
        return new(
            layers,
            parameters.Sum(parameter => parameter.numel()),
            parameters.Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel()),
            ran: forward is not null);
    }

    private static Dictionary<Module, Meter> Measure(Dictionary<Module, string> layers, Action forward)
    {
        var meters = new Dictionary<Module, Meter>(ReferenceEqualityComparer.Instance);
        var traces = new List<Trace>();
        try
        {
            foreach ((Module module, string path) in layers)
            {
                if (HookMaker.For(module.GetType()) is null)
                    continue;
                var meter = new Meter();
                meters.Add(module, meter);
                traces.Add(new Trace(module, path, new() { RetainOutput = false, EditInput = meter.Start, EditOutput = meter.Stop }, false, null, null));
            }

            foreach (Trace trace in traces)
                trace.Attach();
            forward();
            return meters;
        }
        finally
        {
            foreach (Trace trace in traces)
                trace.Dispose();
        }
    }

    private static LayerSummary Summarise(string path, Module module, string firstPath, Meter? meter)
    {
        int segments = path.Length == 0 ? 0 : path.Count('.') + 1;
        return new(
            path,
            TypeNames.Of(module.GetType()),
            meter?.Output ?? "",
            module.parameters().Sum(parameter => parameter.numel()),
            meter?.Calls ?? 0,
            Stopwatch.GetElapsedTime(0, meter?.Ticks ?? 0),
            firstPath == path ? null : firstPath)
        {
            Depth = segments,
            Name = path[(path.LastIndexOf('.') + 1)..],
        };
    }

    /// <summary>Measures one layer by edits that change nothing.</summary>
    private sealed class Meter
    {
        private readonly Stack<long> _started = new();

        public string Output { get; private set; } = "";

        public long Calls { get; private set; }

        public long Ticks { get; private set; }

        public object? Start(object input)
        {
            lock (_started)
                _started.Push(Stopwatch.GetTimestamp());
            return null;
        }

        public object? Stop(object output)
        {
            long now = Stopwatch.GetTimestamp();
            string shapes = Shapes(output);
            lock (_started)
            {
                Ticks += now - _started.Pop();
                Calls++;
                Output = shapes;
            }

            return null;
        }

        private static string Shapes(object output)
        {
            try
            {
                var shapes = TensorTree.Tensors(output).Where(tensor => !tensor.IsInvalid).Select(tensor => $"[{string.Join(", ", tensor.shape)}]").ToList();
                return shapes.Count <= 1 ? string.Concat(shapes) : $"({string.Join(", ", shapes)})";
            }
            catch (NotSupportedException)
            {
                return "";
            }
        }
    }
}
