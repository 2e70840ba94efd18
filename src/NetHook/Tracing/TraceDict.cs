using System.Collections;
using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Traces several layers of a model at once: a dictionary from layer names to their traces, in the order given.</summary>
/// <remarks>
/// Attaching is all or nothing: when one name or option is wrong, the model is left as it was. What is said of
/// ownership and threads at <see cref="Trace"/> holds here.
/// </remarks>
/// <example><code>
/// using var traces = new TraceDict(net, ["wte", "h.2"], new() { Detach = true });
/// net.call(tokens);
/// Tensor embedding = traces["wte"].Output;
/// </code></example>
public sealed class TraceDict : IReadOnlyDictionary<string, Trace>, IDisposable
{
    private readonly OrderedDictionary<string, Trace> _traces;
    private readonly Flow? _flow;
    private readonly StopCondition? _allListed;
    private bool _disposed;

    /// <summary>Attaches traces to layers of a model, all with the same options.</summary>
    /// <param name="module">The model. It is not disposed with the traces.</param>
    /// <param name="layers">The layers' paths; "" is the model itself. A name that comes twice is traced once.</param>
    /// <param name="options">
    /// What to keep, edit and stop at each layer. With <see cref="TraceOptions.Stop"/> the pass ends after the last
    /// layer listed, even if another one listed would have run later, or as <see cref="TraceOptions.StopRule"/> says.
    /// </param>
    /// <exception cref="ModuleNotFoundException">The model has no layer of one of the names.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Trace(Module, string?, TraceOptions?)"/>.</exception>
    public TraceDict(Module module, IEnumerable<string> layers, TraceOptions? options = null)
        : this(module, Same(layers, options ?? TraceOptions.Default), StopsTogether(options))
    {
    }

    /// <summary>Attaches traces to layers of a model, each with its own options.</summary>
    /// <param name="module">The model. It is not disposed with the traces.</param>
    /// <param name="layers">
    /// The layers' paths with their options. <see cref="TraceOptions.Stop"/> ends the pass after the first layer to run that has it.
    /// </param>
    /// <exception cref="ModuleNotFoundException">The model has no layer of one of the names.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Trace(Module, string?, TraceOptions?)"/>.</exception>
    public TraceDict(Module module, IReadOnlyDictionary<string, TraceOptions> layers)
        : this(module, Own(layers), stopsTogether: false)
    {
    }

    private TraceDict(Module module, OrderedDictionary<string, TraceOptions> layers, bool stopsTogether)
    {
        ArgumentNullException.ThrowIfNull(module);
        _traces = new(layers.Count);
        if (stopsTogether && layers.Values.Any(options => options.StopRule == StopRule.AllListed))
            _allListed = new StopCondition(layers.Count);
        try
        {
            if (layers.Values.Any(options => options.Scope == TraceScope.CurrentFlow))
                _flow = Flow.Enter();
            foreach ((string layer, TraceOptions options) in layers)
            {
                bool isLast = _traces.Count == layers.Count - 1;
                bool stops = options.Stop && (!stopsTogether || _allListed is not null || isLast);
                Flow? flow = options.Scope == TraceScope.CurrentFlow ? _flow : null;
                _traces.Add(layer, new Trace(module.GetModule(layer), layer, options, stops, flow, _allListed, module));
            }

            foreach (Trace trace in _traces.Values)
                trace.Attach();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many layers are traced.</summary>
    public int Count => _traces.Count;

    /// <summary>The layers' names, in the order given.</summary>
    public IEnumerable<string> Keys => _traces.Keys;

    /// <summary>The traces, in the order given.</summary>
    public IEnumerable<Trace> Values => _traces.Values;

    /// <summary>The trace of a layer.</summary>
    /// <param name="key">The layer's name, as it was given.</param>
    /// <exception cref="KeyNotFoundException">The layer is not among those traced.</exception>
    public Trace this[string key] => _traces.TryGetValue(key, out Trace? trace) ? trace : throw new KeyNotFoundException(
        $"Layer '{key}' is not traced. Traced are: {string.Join(", ", _traces.Keys.Take(8))}{(Count > 8 ? $" and {Count - 8} more" : "")}.");

    /// <summary>
    /// Runs a forward pass and keeps what it leaves: clears the traces, runs, and ends quietly at a stop of their own.
    /// </summary>
    /// <param name="forward">Runs the model, usually <c>() => net.call(x)</c>.</param>
    /// <exception cref="LayerNotRunException">
    /// The pass ended without a stop of these traces, and a layer for which an edit or a stop was asked has not run. The
    /// message names all such layers. For a model that may leave layers out, run it without Run and look at
    /// <see cref="Trace.CallCount"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TraceOptions.EditGradient"/> threw during <c>backward()</c>: in this pass, or before, and then the model is not run.
    /// Or the pass was stopped and went on, because code around the layer caught the <see cref="StopForwardException"/>.
    /// </exception>
    /// <remarks>
    /// Any other exception passes through; so does the stop of another trace. A stop of these traces is recognised inside an
    /// <see cref="AggregateException"/> that holds nothing else, and as the inner exception of any other.
    /// </remarks>
    public void Run(Action forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        Run<object?>(() =>
        {
            forward();
            return null;
        });
    }

    /// <summary>Does what <see cref="Run(Action)"/> does, and gives what the pass returned.</summary>
    /// <typeparam name="T">What the pass returns.</typeparam>
    /// <param name="forward">Runs the model, usually <c>() => net.call(x)</c>.</param>
    /// <returns>
    /// What <paramref name="forward"/> returned. Where one of these traces stopped the pass there is nothing to return:
    /// null, or the default of a value type.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="forward"/> is an <c>async</c> function: the pass must be over when it returns. Nothing was run.
    /// </exception>
    /// <inheritdoc cref="Run(Action)" path="/exception"/>
    /// <remarks>Any exception but a stop of these traces passes through.</remarks>
    public T? Run<T>(Func<T> forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Pass.Run(_traces.Values, trace => _traces.TryGetValue(trace.Layer, out Trace? own) && ReferenceEquals(own, trace), Clear, forward);
    }

    /// <summary>Forgets every call so far, and what edits of gradients threw, and frees what was kept. The traces stay attached.</summary>
    /// <exception cref="ObjectDisposedException">The traces were disposed.</exception>
    public void Clear()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (Trace trace in _traces.Values)
            trace.Clear();
        _allListed?.Reset();
    }

    /// <summary>Takes all traces off the model, which is then exactly as before, and frees what was kept.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        for (int i = _traces.Count - 1; i >= 0; i--)
            _traces.GetAt(i).Value.Dispose();
        _flow?.Exit();
    }

    /// <summary>Whether a layer is traced.</summary>
    /// <param name="key">The layer's name.</param>
    /// <returns>True when it is.</returns>
    public bool ContainsKey(string key) => _traces.ContainsKey(key);

    /// <summary>Gets the trace of a layer, if it is traced.</summary>
    /// <param name="key">The layer's name.</param>
    /// <param name="value">The trace.</param>
    /// <returns>Whether it is traced.</returns>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Trace value) => _traces.TryGetValue(key, out value);

    /// <summary>Goes through layers and traces in the order given.</summary>
    /// <returns>The enumerator.</returns>
    public IEnumerator<KeyValuePair<string, Trace>> GetEnumerator() => _traces.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool StopsTogether(TraceOptions? options) => options is { Stop: true };

    private static OrderedDictionary<string, TraceOptions> Same(IEnumerable<string> layers, TraceOptions options)
    {
        ArgumentNullException.ThrowIfNull(layers);
        var result = new OrderedDictionary<string, TraceOptions>();
        foreach (string layer in layers)
        {
            if (layer is null)
                throw new ArgumentException("One of the layers is null. The model itself is \"\".", nameof(layers));
            result.TryAdd(layer, options);
        }

        return result;
    }

    private static OrderedDictionary<string, TraceOptions> Own(IReadOnlyDictionary<string, TraceOptions> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        foreach ((string layer, TraceOptions options) in layers)
        {
            if (options is null)
                throw new ArgumentException($"The options of layer '{layer}' are null. Use new TraceOptions() to keep its output.", nameof(layers));
            if (options is { Stop: true, StopRule: StopRule.AllListed })
                throw TraceOptions.NoList("Where each layer has options of its own, the pass ends after the first that has Stop.");
        }

        return new(layers);
    }
}
