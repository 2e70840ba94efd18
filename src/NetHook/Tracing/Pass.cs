namespace NetHook;

/// <summary>A forward pass inside <c>Run</c>, of one trace or of several: where it ends, and what is said when it ended otherwise than asked.</summary>
internal static class Pass
{
    /// <summary>Runs a pass for traces that were cleared before.</summary>
    /// <param name="traces">The traces.</param>
    /// <param name="isOwn">Whether a trace is one of them.</param>
    /// <param name="clear">Clears them.</param>
    /// <param name="forward">Runs the model.</param>
    public static T? Run<T>(IReadOnlyCollection<Trace> traces, Func<Trace, bool> isOwn, Action clear, Func<T> forward)
    {
        RequireSynchronous(forward);
        ThrowGradientFailure(traces);
        clear();
        nuint frame = CallFrame.Here();
        T result;
        try
        {
            result = forward();
        }
        catch (Exception exception) when (IsStop(exception, isOwn))
        {
            return default;
        }
        finally
        {
            foreach (Trace trace in traces)
                trace.DropPending(frame);
        }

        ThrowGradientFailure(traces);
        foreach (Trace trace in traces)
        {
            if (trace.HasStopped)
                throw WentOn(trace);
        }

        ThrowIfMissed(traces, forward);
        return result;
    }

    /// <summary>Whether an exception is the stop of one of the traces, bare or in what tasks, loops, reflection or the model wrapped round it.</summary>
    private static bool IsStop(Exception exception, Func<Trace, bool> isOwn) => exception switch
    {
        StopForwardException stop => isOwn(stop.Trace),
        AggregateException several => several.InnerExceptions.Count > 0 && several.InnerExceptions.All(inner => IsStop(inner, isOwn)),
        { InnerException: { } inner } => IsStop(inner, isOwn),
        _ => false,
    };

    private static InvalidOperationException WentOn(Trace trace) => new(
        $"The forward pass was stopped at layer {trace.Described} and went on: code around the layer caught the StopForwardException. "
        + "What the pass returned is not to be relied on. Let the exception through: catch (Exception e) when (e is not StopForwardException).");

    private static void ThrowGradientFailure(IReadOnlyCollection<Trace> traces)
    {
        // One backward() may have failed at several layers: they are said, and forgotten, as one.
        InvalidOperationException? first = null;
        foreach (Trace trace in traces)
        {
            InvalidOperationException? failure = trace.TakeGradientFailure();
            first ??= failure;
        }

        if (first is not null)
            throw first;
    }

    private static void ThrowIfMissed(IReadOnlyCollection<Trace> traces, Delegate forward)
    {
        List<Trace>? missed = null;
        foreach (Trace trace in traces)
        {
            if (trace.ActsOnModel && trace.CallCount == 0)
                (missed ??= []).Add(trace);
        }

        if (missed is not null)
            throw missed[0].NotRun(forward, missed.Skip(1));
    }

    /// <exception cref="ArgumentException">The pass returns a task, and has only begun then: hooks and stops are for passes that are over.</exception>
    private static void RequireSynchronous<T>(Func<T> forward)
    {
        if (!Kind<T>.IsTask)
            return;
        throw new ArgumentException(
            $"Run was given a function that returns a {TypeNames.Of(typeof(T))}, and the pass must be over when it returns: a stop would "
            + "end up in the task. Await what comes before and after outside of Run, and call the model inside.",
            nameof(forward));
    }

    // Found out once for each type of result, not at each pass.
    private static class Kind<T>
    {
        public static readonly bool IsTask = typeof(Task).IsAssignableFrom(typeof(T)) || typeof(T) == typeof(ValueTask)
            || (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(ValueTask<>));
    }
}
