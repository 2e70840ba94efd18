using static TorchSharp.torch;
using static TorchSharp.torch.jit;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>The attachment of one trace to one layer. Made unattached, so that everything is checked before the model is touched.</summary>
internal abstract class LayerHook(Trace trace)
{
    public Trace Trace { get; } = trace;

    /// <summary>Where inputs wait for their call to end; null where none are kept.</summary>
    public PendingInputs? Pending { get; } = trace.Options.RetainInput ? new() : null;

    /// <summary>The edit of the gradient, if there is one.</summary>
    public GradientEdit? EditGradient { get; } = trace.Options.EditGradient is { } edit
        ? new(EditSite.OfGradient(trace.Layer, trace.Module), EditBinder.Gradient(edit, trace.Layer, trace.Module))
        : null;

    /// <summary>Makes the hook that fits the layer's type.</summary>
    /// <exception cref="ArgumentException">The layer has no hooks, or an edit does not fit it.</exception>
    public static LayerHook For(Trace trace) => HookMaker.For(trace.Module.GetType()) is { } maker
        ? maker(trace)
        : throw new ArgumentException(HookMaker.WhyNot(trace));

    public abstract void Attach();

    public abstract void Detach();
}

/// <summary>What a trace does when its layer is called. Generic over the input (a tuple for several arguments) and the result.</summary>
internal abstract class LayerHook<TInput, TResult> : LayerHook
{
    private readonly TraceOptions _options;
    private readonly EditOfInput<TInput>? _editInput;
    private readonly EditOfOutput<TInput, TResult>? _editOutput;
    private readonly EditSite _inputSite;
    private readonly EditSite _outputSite;
    private readonly bool _cloneInput;
    private readonly bool _onlyKeepsOutput;

    protected LayerHook(Trace trace)
        : base(trace)
    {
        _options = trace.Options;
        _editInput = _options.EditInput is { } input ? EditBinder.Input<TInput>(input, trace.Layer, trace.Module) : null;
        _inputSite = EditSite.OfInput(trace.Layer, trace.Module);
        _outputSite = EditSite.OfOutput(trace.Layer, trace.Module);
        _editOutput = _options.EditOutput is { } output ? EditBinder.Output<TInput, TResult>(output, trace.Layer, trace.Module, out _) : null;
        _onlyKeepsOutput = _editInput is null && _editOutput is null && EditGradient is null
            && !_options.RetainInput && !_options.RetainGrad;
        _cloneInput = _options.Clone || (_options.RetainInput && InPlaceLayers.Contains(trace.Module));
    }

    protected bool ActsBefore => _options.RetainInput || _editInput is not null;

    protected TInput Before(Module module, TInput input)
    {
        if (!Trace.Sees)
            return input;
        if (_editInput is not null)
        {
            using var scope = EditScope.Open(_inputSite);
            input = scope.Close(input, _editInput(input, Trace.Layer, module));
        }

        Pending?.Push(input, Captures.Keep(input, _cloneInput, _options.Detach));
        return input;
    }

    protected TResult After(Module module, TInput input, TResult output)
    {
        if (!_onlyKeepsOutput)
            return Act(module, input, output);
        if (Trace.Sees)
            Trace.Record(null, _options.RetainOutput ? Captures.Keep(output, _options.Clone, _options.Detach) : null);
        else
            Trace.MissCall();
        return output;
    }

    private TResult Act(Module module, TInput input, TResult output)
    {
        if (!Trace.Sees)
        {
            Trace.MissCall();
            return output;
        }

        object? keptInput = Pending?.Pop(input);
        object? keptOutput = null;
        try
        {
            if (EditGradient is not null)
                Trace.ThrowGradientFailure();
            if (_editOutput is not null)
            {
                using var scope = EditScope.Open(_outputSite);
                output = scope.Close(output, _editOutput(output, Trace.Layer, input, module));
            }

            if (_options.RetainGrad && is_grad_enabled())
            {
                TResult? kept = Captures.KeepForGradient(output, _options.Clone, Trace);
                keptOutput = kept;
                output = Captures.Continue(kept, copy: EditGradient is null);
            }
            else if (_options.RetainOutput)
            {
                keptOutput = Captures.Keep(output, _options.Clone || _options.RetainGrad, _options.Detach);
            }

            if (EditGradient is not null)
                output = Captures.EditGradients(output, EditGradient);
        }
        catch
        {
            Captures.Free(keptInput);
            Captures.Free(keptOutput);
            throw;
        }

        Trace.Record(keptInput, keptOutput);
        return output;
    }
}

/// <summary>The same, attached to a module, scripted or not, that keeps hooks of the given types.</summary>
internal abstract class LayerHook<TInput, TResult, TPreHook, TPostHook>(Trace trace) : LayerHook<TInput, TResult>(trace)
    where TPreHook : Delegate
    where TPostHook : Delegate
{
    private string? _key;

    protected abstract TPreHook PreHook { get; }

    protected abstract TPostHook PostHook { get; }

    private ref Dictionary<string, TPreHook> PreHooks
    {
        get
        {
            if (Trace.Module is HookableModule<TPreHook, TPostHook> module)
                return ref TorchSharpInternals.Hooks<TPreHook, TPostHook>.Before(module);
            return ref TorchSharpInternals.ScriptHooks<TPreHook, TPostHook>.Before((HookableScriptModule<TPreHook, TPostHook>)Trace.Module);
        }
    }

    private ref Dictionary<string, TPostHook> PostHooks
    {
        get
        {
            if (Trace.Module is HookableModule<TPreHook, TPostHook> module)
                return ref TorchSharpInternals.Hooks<TPreHook, TPostHook>.After(module);
            return ref TorchSharpInternals.ScriptHooks<TPreHook, TPostHook>.After((HookableScriptModule<TPreHook, TPostHook>)Trace.Module);
        }
    }

    public sealed override void Attach()
    {
        _key = HookTable.NewKey();
        if (ActsBefore)
            HookTable.Add(ref PreHooks, _key, PreHook);
        HookTable.Add(ref PostHooks, _key, PostHook);
    }

    public sealed override void Detach()
    {
        if (Interlocked.Exchange(ref _key, null) is not { } key)
            return;
        HookTable.Remove(ref PostHooks, key);
        if (ActsBefore)
            HookTable.Remove(ref PreHooks, key);
    }
}
