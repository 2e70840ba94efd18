
namespace NetHook;

// What the hooks tell the trace, and how readers get it.
public sealed partial class Trace
{
    /// <summary>Whether a call made now, by the calling code, is for this trace.</summary>
    internal bool Sees => !_disposed && (_flow is null || _flow.IsCurrent);

    /// <summary>Whether an edit or a stop was asked for: a pass that misses the layer is then not what was asked for.</summary>
    internal bool ActsOnModel =>
        _stops || Options.EditOutput is not null || Options.EditInput is not null || Options.EditGradient is not null;

    /// <summary>Whether the trace has stopped a pass since it was made or cleared.</summary>
    internal bool HasStopped { get; private set; }

    internal string Kind => string.Join(", ", Kinds());

    /// <summary>Notes a call of the layer that other code made.</summary>
    internal void MissCall()
    {
        if (!_disposed)
            Interlocked.Increment(ref _callsElsewhere);
    }

    /// <summary>Takes over what a call left, and ends the pass when that was asked for.</summary>
    internal void Record(object? keptInput, object? keptOutput)
    {
        long number = Interlocked.Increment(ref _calls) - 1;
        if (_keeps)
            _store.Store(number, keptInput is null && keptOutput is not null ? keptOutput : new KeptCall(keptInput, keptOutput));
        if (!_stops || _stop?.IsMetBy(this) == false)
            return;
        HasStopped = true;
        throw new StopForwardException(this);
    }

    internal T ReadOutput<T>(TracedCall? call) =>
        Read(call, Options.RetainOutput, "output", "RetainOutput", static (kept, asked) => Captures.Hand<T>(KeptCall.OutputOf(kept), asked));

    internal T ReadInput<T>(TracedCall? call) =>
        Read(call, Options.RetainInput, "input", "RetainInput", static (kept, asked) => Captures.Hand<T>(InputOf(kept, asked), asked));

    internal T ReadGradient<T>(TracedCall? call)
    {
        // Reading does not use it up: a debugger that shows the property must not take it from the program.
        if (_hook.EditGradient?.Failure is { } failure)
            throw failure;
        return Read(call, Options.RetainGrad, "gradient", "RetainGrad", static (kept, asked) => Captures.HandGradient<T>(KeptCall.OutputOf(kept), asked));
    }

    /// <summary>Says that the layer has not run, and which others have not either.</summary>
    internal LayerNotRunException NotRun(params IEnumerable<Trace> others) =>
        new(Layer, Module.GetType(), Described, Interlocked.Read(ref _callsElsewhere), UnregisteredFields.OnPath(_model, Layer), [.. others.Select(other => other.Described)]);

    /// <summary>What an edit of the gradient threw during backward(), to be thrown where it can be caught; once, then it is forgotten.</summary>
    internal InvalidOperationException? TakeGradientFailure() => _hook.EditGradient?.TakeFailure();

    internal void ThrowGradientFailure()
    {
        if (TakeGradientFailure() is { } failure)
            throw failure;
    }

    private T Read<T>(TracedCall? call, bool retained, string what, string option, Func<object, Asked, T> read)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!retained)
            throw new InvalidOperationException($"The {what} of layer {Described} is not kept. Trace it with {option} = true.");
        if (_store.TryRead(call?.Key ?? CallStore.Latest, read, new Asked(this, what), out T? result))
            return result;
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (call is not { } listed)
            throw NotRun();
        throw new InvalidOperationException($"Call {listed.Number} of layer {Described} is not kept: " + (listed.Key.Number < Interlocked.Read(ref _clearedAt)
            ? "the trace was cleared after it."
            : $"the trace keeps the {Options.History}. Trace with History = CallHistory.All, or read the call before the layer runs again."));
    }

    private static object? InputOf(object kept, Asked asked) => kept is KeptCall call
        ? call.Input
        : throw new InvalidOperationException($"{asked.Subject} was not seen: the trace was made while the layer ran.");

    private IEnumerable<string> Kinds()
    {
        if (Options.RetainInput)
            yield return "input";
        if (Options.RetainOutput)
            yield return "output";
        if (Options.RetainGrad)
            yield return "gradient";
        if (Options.EditInput is not null)
            yield return "edit of the input";
        if (Options.EditOutput is not null)
            yield return "edit of the output";
        if (Options.EditGradient is not null)
            yield return "edit of the gradient";
        if (_stops)
            yield return "stop";
    }
}
