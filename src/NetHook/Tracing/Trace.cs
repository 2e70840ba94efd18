using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>
/// Follows one layer of a model: keeps what goes in and comes out at each call, edits it, or ends the pass there,
/// until disposed. The model's code stays as it is, and so does the model after <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// <para>Ownership: each read of <see cref="Output"/>, <see cref="Input"/>, <see cref="Gradient"/> and of
/// <see cref="Calls"/> gives a fresh handle to the same storage and the same place in the autograd graph. It is the
/// reader's, joins the reader's current <see cref="DisposeScope"/>, and stays valid when the layer runs again or the
/// trace is disposed. The trace's own handles belong to no scope; they are freed when the layer runs again, on
/// <see cref="Clear"/> and on <see cref="Dispose"/>.</para>
/// <para>Hooks run through a module's <c>call()</c>, not through <c>forward()</c>, and not inside native or scripted
/// modules. Several traces on one layer act in the order in which they were made.</para>
/// <para>Thread-safety: traces may be made, read and disposed while other threads run the model. Edits are called
/// on the thread that runs the layer, by several threads at once where several run it.</para>
/// </remarks>
/// <example><code>
/// using var trace = new Trace(net, "encoder.h.3", new() { Detach = true });
/// net.call(tokens);
/// Tensor representation = trace.Output;
/// </code></example>
public sealed partial class Trace : IDisposable
{
    private readonly Module _model;
    private readonly LayerHook _hook;
    private readonly CallStore _store;
    private readonly Flow? _flow;
    private readonly bool _ownsFlow;
    private readonly bool _stops;
    private readonly StopCondition? _stop;
    private readonly bool _keeps;
    private long _calls;
    private long _clearedAt;
    private long _callsElsewhere;
    private volatile bool _disposed;

    /// <summary>Attaches a trace to a layer of a model.</summary>
    /// <param name="module">The model. It is not disposed with the trace.</param>
    /// <param name="layer">The layer's path below the model, such as <c>"encoder.h.3"</c>; null or "" for the model itself.</param>
    /// <param name="options">What to keep, edit and stop; by default the output of the last call is kept.</param>
    /// <exception cref="ModuleNotFoundException">The model has no layer of that name.</exception>
    /// <exception cref="ArgumentException">
    /// The options contradict each other, an edit does not fit the layer, or the layer is of a kind that is never
    /// called (a ModuleList, say) or has no hooks.
    /// </exception>
    public Trace(Module module, string? layer = null, TraceOptions? options = null)
        : this(Resolve(module, layer), layer ?? "", Alone(options), options is { Stop: true }, null, null, module)
    {
        _ownsFlow = Options.Scope == TraceScope.CurrentFlow;
        if (_ownsFlow)
            _flow = Flow.Enter();
        Attach();
    }

    /// <summary>Checks everything and attaches nothing: <see cref="TraceDict"/> attaches its traces together.</summary>
    internal Trace(Module module, string layer, TraceOptions options, bool stops, Flow? flow, StopCondition? stop, Module? model = null)
    {
        options.Validate();
        _model = model ?? module;
        Module = module;
        Layer = layer;
        Options = options;
        _flow = flow;
        _stops = stops;
        _stop = stop;
        _keeps = options.RetainOutput || options.RetainInput;
        _store = CallStore.For(options.History);
        _hook = LayerHook.For(this);
    }

    /// <summary>The layer's path below the model that was traced; empty for the model itself.</summary>
    public string Layer { get; }

    /// <summary>The traced layer.</summary>
    public Module Module { get; }

    /// <summary>What the trace does.</summary>
    public TraceOptions Options { get; }

    /// <summary>The layer as error messages name it: 'h.3' (Block).</summary>
    internal string Described => Sentences.Layer(Layer, Module);

    /// <summary>
    /// Runs a forward pass and keeps what it leaves: clears the trace, runs, and ends quietly at this trace's own stop.
    /// </summary>
    /// <param name="forward">Runs the model, usually <c>() => net.call(x)</c>.</param>
    /// <exception cref="LayerNotRunException">
    /// The pass ended and the layer did not run, though an edit or a stop was asked for: neither has happened.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TraceOptions.EditGradient"/> threw during <c>backward()</c>: in this pass, or before, and then the model is not run.
    /// Or the pass was stopped and went on, because code around the layer caught the <see cref="StopForwardException"/>.
    /// </exception>
    /// <remarks>
    /// Any other exception passes through; so does the stop of another trace. The trace's own stop is recognised inside an
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
    /// What <paramref name="forward"/> returned. Where this trace stopped the pass there is nothing to return: null, or
    /// the default of a value type.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="forward"/> is an <c>async</c> function: the pass must be over when it returns. Nothing was run.
    /// </exception>
    /// <inheritdoc cref="Run(Action)" path="/exception"/>
    /// <remarks>Any exception but this trace's own stop passes through.</remarks>
    public T? Run<T>(Func<T> forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Pass.Run([this], trace => ReferenceEquals(trace, this), Clear, forward);
    }

    /// <summary>Forgets every call so far, and what an edit of the gradient threw, and frees what was kept. The trace stays attached.</summary>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public void Clear()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Interlocked.Exchange(ref _clearedAt, Interlocked.Read(ref _calls));
        Interlocked.Exchange(ref _callsElsewhere, 0);
        HasStopped = false;
        _hook.EditGradient?.TakeFailure();
        _store.Clear();
    }

    /// <summary>
    /// Takes the trace off the model, which is then exactly as before, and frees what was kept. A call that runs on
    /// another thread meanwhile goes to its end. Disposing twice does nothing.
    /// </summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _hook.Detach();
        _hook.EditGradient?.End();
        _hook.Pending?.Close();
        _store.Close();
        if (_ownsFlow)
            _flow!.Exit();
    }

    /// <summary>Names the layer and what is done there.</summary>
    /// <returns>For debuggers and logs.</returns>
    public override string ToString() => $"Trace of {Described}: {Kind}";

    /// <summary>Frees inputs kept on this thread for calls that threw.</summary>
    internal void DropPending() => _hook.Pending?.Drop();

    internal void Attach()
    {
        try
        {
            _hook.Attach();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static TraceOptions Alone(TraceOptions? options) => options is { Stop: true, StopRule: StopRule.AllListed }
        ? throw TraceOptions.NoList("A single trace has one layer, and stops there by Stop alone.")
        : options ?? TraceOptions.Default;

    private static Module Resolve(Module module, string? layer)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module.GetModule(layer ?? "");
    }
}
