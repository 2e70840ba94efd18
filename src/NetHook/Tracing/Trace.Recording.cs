
namespace NetHook;

// What the hooks tell the trace, and how readers get it.
public sealed partial class Trace : ICallSink
{
    bool ICallSink.Sees => !_disposed && (_flow is null || _flow.IsCurrent);

    /// <summary>Whether an edit or a stop was asked for: a pass that misses the layer is then not what was asked for.</summary>
    internal bool ActsOnModel =>
        _stops || Options.EditOutput is not null || Options.EditInput is not null || Options.EditGradient is not null;

    /// <summary>Whether the trace has stopped a pass since it was made or cleared.</summary>
    internal bool HasStopped { get; private set; }

    internal string Kind => string.Join(", ", Kinds());

    void ICallSink.Missed()
    {
        if (!_disposed)
            Interlocked.Increment(ref _callsElsewhere);
    }

    void ICallSink.Record(object? input, object? output)
    {
        _store.Add(input, output);
        if (!_stops || _stop?.IsMetBy(this) == false)
            return;
        HasStopped = true;
        throw new StopForwardException(this);
    }

    internal T ReadOutput<T>(TracedCall? call) =>
        Read(call, Options.RetainOutput, "output", "RetainOutput", static (kept, asked) => Captures.ReadAs<T>(kept.Output, asked));

    internal T ReadInput<T>(TracedCall? call) =>
        Read(call, Options.RetainInput, "input", "RetainInput", static (kept, asked) => Captures.ReadAs<T>(InputOf(kept, asked), asked));

    internal T ReadGradient<T>(TracedCall? call)
    {
        // Reading does not use it up: a debugger that shows the property must not take it from the program.
        if (_hook.EditGradient?.Failure is { } failure)
            throw failure;
        return Read(call, Options.RetainGrad, "gradient", "RetainGrad", static (kept, asked) => Captures.ReadGradientAs<T>(kept.Output, asked));
    }

    /// <summary>Says that the layer has not run, which others have not either, and why, if the code of the model or of the pass shows it.</summary>
    internal LayerNotRunException NotRun(Delegate? pass, params IEnumerable<Trace> others)
    {
        long callsElsewhere = Interlocked.Read(ref _callsElsewhere);
        string? otherRuns = UnregisteredFields.OnPath(_model, Layer);
        ForwardCall? forwardCall = callsElsewhere > 0 || otherRuns is not null ? null : ForwardCalls.Of(_model, Layer, pass);
        return new(Layer, Module.GetType(), Described, callsElsewhere, otherRuns, [.. others.Select(other => other.Described)], forwardCall);
    }

    /// <summary>What an edit of the gradient threw during backward(), to be thrown where it can be caught; once, then it is forgotten.</summary>
    internal InvalidOperationException? TakeGradientFailure() => _hook.EditGradient?.TakeFailure();

    private T Read<T>(TracedCall? call, bool retained, string what, string option, Func<Capture, Asked, T> read)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!retained)
            throw new InvalidOperationException($"The {what} of layer {Described} is not kept. Trace it with {option} = true.");
        if (_store.TryRead(call?.Key ?? CaptureStore.Latest, read, new Asked(Layer, Module, what), out T? result))
            return result;
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (call is not { } listed)
            throw NotRun(null);
        throw new InvalidOperationException($"Call {listed.Number} of layer {Described} is not kept: " + (listed.Key < _store.First
            ? "the trace was cleared after it."
            : $"the trace keeps the {Options.History}. Trace with History = CallHistory.All, or read the call before the layer runs again."));
    }

    private static object? InputOf(Capture kept, Asked asked) => ReferenceEquals(kept.Input, Capture.NotSeen)
        ? throw new InvalidOperationException(
            $"{asked.Subject} was not seen: the trace was {(kept.First > 0 ? "cleared" : "made")} while the layer ran.")
        : kept.Input;

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
