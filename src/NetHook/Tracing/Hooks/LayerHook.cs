using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using static TorchSharp.torch.jit;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>The attachment of one trace to one layer. Made unattached, so that everything is checked before the model is touched.</summary>
internal abstract class LayerHook(HookedLayer layer)
{
    /// <summary>Where the hook is, what it does, and whom it tells.</summary>
    public HookedLayer Layer { get; } = layer;

    /// <summary>Where inputs wait for their call to end; null where none are kept.</summary>
    public PendingInputs? Pending { get; protected init; }

    /// <summary>The edit of the gradient, if there is one.</summary>
    public GradientEdit? EditGradient { get; } = layer.Options.EditGradient is { } edit
        ? new(EditSite.OfGradient(layer.Path, layer.Module), EditBinder.Gradient(edit, layer.Path, layer.Module))
        : null;

    /// <summary>Makes the hook that fits the layer's type.</summary>
    /// <exception cref="ArgumentException">The layer has no hooks, or an edit does not fit it.</exception>
    public static LayerHook For(HookedLayer layer) => HookMaker.For(layer.Module.GetType()) is { } maker
        ? maker(layer)
        : throw new ArgumentException(HookMaker.WhyNot(layer));

    public abstract void Attach();

    public abstract void Detach();

    /// <summary>Ends what the hook does for calls and backward passes that are under way.</summary>
    public void End()
    {
        Detach();
        EditGradient?.End();
        Pending?.Close();
    }
}

/// <summary>What happens when a layer is called. Generic over the input (a tuple for several arguments) and the result.</summary>
internal abstract class LayerHook<TInput, TResult> : LayerHook
{
    private readonly ICallSink _sink;
    private readonly TraceOptions _options;
    private readonly InputEdit<TInput>? _editInput;
    private readonly OutputEdit<TInput, TResult>? _editOutput;
    private readonly bool _cloneInput;
    private readonly bool _copyForEdit;
    private readonly bool _onlyKeepsOutput;

    protected LayerHook(HookedLayer layer)
        : base(layer)
    {
        _sink = layer.Sink;
        _options = layer.Options;
        _editInput = _options.EditInput is { } input ? new(input, layer.Path, layer.Module) : null;
        _editOutput = _options.EditOutput is { } output ? new(output, layer.Path, layer.Module) : null;
        if (_options.RetainOutput || EditGradient is not null)
            RequireKnown<TResult>("output", "EditInput and EditOutput alone need RetainOutput = false.");
        if (_options.RetainInput)
            RequireKnown<TInput>("input", "Trace without RetainInput.");

        bool usesInput = _options.RetainInput || _editOutput is { TakesInput: true };
        _cloneInput = usesInput && (_options.Clone || InPlaceLayers.Contains(layer.Module));
        _copyForEdit = _cloneInput && _editOutput is { TakesInput: true };
        Pending = _options.RetainInput || _copyForEdit ? new(layer.Module) : null;
        _onlyKeepsOutput = _editInput is null && _editOutput is null && EditGradient is null && Pending is null && !_options.RetainGrad;
    }

    protected bool ActsBefore => Pending is not null || _editInput is not null;

    /// <summary>The place of the call on the stack, as a hook sees it that is called by call() itself.</summary>
    protected nuint Frame => Pending is null ? 0 : CallFrame.Here();

    // Neither is inlined into the methods that call() runs, whose frames stay small: see CallFrame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    protected TInput Before(Module module, TInput input, nuint frame)
    {
        if (!_sink.Sees)
            return input;
        if (_editInput is not null)
            input = _editInput.Apply(input, module);
        Pending?.Push(frame, new(
            _options.RetainInput ? Captures.Keep(input, _cloneInput, _options.Detach) : null,
            _copyForEdit ? Captures.Keep(input, clone: true, detach: false) : null));
        return input;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected TResult After(Module module, TInput input, TResult output, nuint frame)
    {
        if (!_onlyKeepsOutput)
            return Act(module, input, output, frame);
        if (_sink.Sees)
            _sink.Record(null, _options.RetainOutput ? Captures.Keep(output, _options.Clone, _options.Detach) : null);
        else
            _sink.Missed();
        return output;
    }

    private TResult Act(Module module, TInput input, TResult output, nuint frame)
    {
        if (!_sink.Sees)
        {
            _sink.Missed();
            return output;
        }

        PendingInput pending = default;
        object? keptOutput = null;
        try
        {
            if (Pending is not null && !Pending.TryPop(frame, out pending))
                pending = new(Capture.NotSeen, null);
            if (EditGradient?.TakeFailure() is { } failure)
                throw failure;
            if (_editOutput is not null)
                output = _editOutput.Apply(output, pending.ForEdit is TInput before ? before : input, module);
            if (_options.RetainGrad && is_grad_enabled())
            {
                TResult? kept = Captures.CaptureWithGrad(output, _options.Clone, Layer.Path, Layer.Module);
                keptOutput = kept;
                output = Captures.Continue(kept, copy: EditGradient is null);
            }
            else if (_options.RetainOutput)
            {
                keptOutput = Captures.Keep(output, _options.Clone || _options.RetainGrad, _options.Detach);
            }

            if (EditGradient is not null)
                output = EditGradient.AttachTo(output);
        }
        catch
        {
            Captures.Free(pending.Kept);
            Captures.Free(keptOutput);
            throw;
        }
        finally
        {
            Captures.Free(pending.ForEdit);
        }

        _sink.Record(pending.Kept, keptOutput);
        return output;
    }

    private void RequireKnown<T>(string value, string instead)
    {
        if (TensorTree.FirstUnknown<T>() is { } unknown)
            throw new ArgumentException($"The {value} of layer {Layer.Described} cannot be kept. {TreePlans.Unknown(unknown).Message} {instead}");
    }
}

/// <summary>The same, attached to a module, scripted or not, that keeps hooks of the given types.</summary>
internal abstract class LayerHook<TInput, TResult, TPreHook, TPostHook>(HookedLayer layer) : LayerHook<TInput, TResult>(layer)
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
            if (Layer.Module is HookableModule<TPreHook, TPostHook> module)
                return ref TorchSharpInternals.Hooks<TPreHook, TPostHook>.Before(module);
            return ref TorchSharpInternals.ScriptHooks<TPreHook, TPostHook>.Before((HookableScriptModule<TPreHook, TPostHook>)Layer.Module);
        }
    }

    private ref Dictionary<string, TPostHook> PostHooks
    {
        get
        {
            if (Layer.Module is HookableModule<TPreHook, TPostHook> module)
                return ref TorchSharpInternals.Hooks<TPreHook, TPostHook>.After(module);
            return ref TorchSharpInternals.ScriptHooks<TPreHook, TPostHook>.After((HookableScriptModule<TPreHook, TPostHook>)Layer.Module);
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
