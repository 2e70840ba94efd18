using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>Numbers a layer's calls and keeps what they left. Safe for readers and writers on any thread.</summary>
internal abstract class CaptureStore
{
    /// <summary>Whatever call was kept last.</summary>
    public const long Latest = -1;

    /// <summary>How many calls were added since the store was made or cleared.</summary>
    public abstract long Count { get; }

    /// <summary>The number of the first call since the store was cleared.</summary>
    public abstract long First { get; }

    /// <summary>
    /// The calls kept, in order, by their numbers since the store was made and the steps that they belong to; and the number of the
    /// first since it was cleared.
    /// </summary>
    public abstract (IReadOnlyList<(long Number, PassStep? Step)> Calls, long First) KeptCalls { get; }

    /// <summary>The numbers of the calls kept, in order, counted since the store was made; and the first since it was cleared.</summary>
    public (IReadOnlyList<long> Numbers, long First) Kept
    {
        get
        {
            (IReadOnlyList<(long Number, PassStep? Step)> calls, long first) = KeptCalls;
            return ([.. calls.Select(call => call.Number)], first);
        }
    }

    public static CaptureStore For(CallHistory history, bool keeps) =>
        !keeps ? new CallCounter() : history.Capacity == 1 ? new LastCapture() : new CaptureLog(history.Capacity);

    /// <summary>Counts a call and takes over what it left, in one step; frees what it pushes out.</summary>
    public abstract void Add(object? input, object? output);

    /// <summary>Reads a call by its number while no one can free it.</summary>
    public abstract bool TryRead<TArgument, TResult>(
        long number, Func<Capture, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result);

    /// <summary>Frees everything kept and counts anew.</summary>
    public abstract void Clear();

    /// <summary>Frees everything kept, and whatever a forward pass on another thread may still add.</summary>
    public abstract void Close();
}
