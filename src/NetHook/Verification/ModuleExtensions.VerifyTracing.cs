using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>
    /// Runs one forward pass and reports what traces can see of each layer: whether it is seen, run by <c>forward()</c> and in which
    /// method, inside native code, a holder of layers, or not reached. Run it first on a model that you do not know.
    /// </summary>
    /// <param name="model">The model. It is left as it was, whatever the pass throws.</param>
    /// <param name="forward">Runs the model, usually <c>() => model.call(x)</c>. It is run once; nothing in it is edited, kept or stopped.</param>
    /// <returns>The report, a line for each layer.</returns>
    /// <exception cref="NotSupportedException">The TorchSharp that was loaded is not one that this library knows.</exception>
    /// <remarks>
    /// That a layer ran is observed, by hooks; that one is run by <c>forward()</c> is read from the compiled code of the modules that ran and of
    /// <paramref name="forward"/>. The code shows what may run: a layer in a branch that the pass did not take counts as run by <c>forward()</c>.
    /// Exceptions of the pass go through. The result of the pass is the caller's, as ever.
    /// </remarks>
    public static TracingReport VerifyTracing(this Module model, Action forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        return Verify(model, forward, traces =>
        {
            if (traces is null)
                forward();
            else
                traces.Run(forward);
        });
    }

    /// <inheritdoc cref="VerifyTracing(Module, Action)"/>
    /// <typeparam name="T">What the pass returns, which is not looked at.</typeparam>
    /// <exception cref="ArgumentException"><paramref name="forward"/> is an <c>async</c> function: the pass must be over when it returns. Nothing was run.</exception>
    public static TracingReport VerifyTracing<T>(this Module model, Func<T> forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        return Verify(model, forward, traces => _ = traces is null ? forward() : traces.Run(forward));
    }

    private static TracingReport Verify(Module model, Delegate forward, Action<TraceDict?> run)
    {
        ArgumentNullException.ThrowIfNull(model);
        (string Path, Module Module)[] layers = [("", model), .. ModuleTree.Descendants(model)];
        var calls = new Dictionary<Module, long>(ReferenceEqualityComparer.Instance);
        string[] watched = [.. FirstPaths(layers)];
        using (TraceDict? traces = watched.Length == 0 ? null : new(model, watched, new() { RetainOutput = false }))
        {
            run(traces);
            foreach (Trace trace in traces?.Values ?? [])
                calls.Add(trace.Module, trace.CallCount);
        }

        return new(new LayerVerdicts(layers, calls, forward).All());
    }

    // A layer that is reached by several paths is watched once.
    private static IEnumerable<string> FirstPaths((string Path, Module Module)[] layers) => layers
        .Where(layer => HookableTypes.CalledAs(layer.Module.GetType()) is not null)
        .DistinctBy(layer => layer.Module, ReferenceEqualityComparer.Instance).Select(layer => layer.Path);
}
