namespace NetHook;

/// <summary>How many calls of a layer a <see cref="Trace"/> keeps: the last one, the last N, or all.</summary>
public readonly record struct CallHistory
{
    private readonly int _beyondFirst;

    private CallHistory(int calls) => _beyondFirst = calls - 1;

    /// <summary>Keeps the last call only. The default.</summary>
    public static CallHistory Last => default;

    /// <summary>
    /// Keeps every call, for layers that run several times in a pass. Memory grows until <see cref="Trace.Clear"/>,
    /// the next <see cref="Trace.Run(Action)"/> or <see cref="Trace.Dispose"/>.
    /// </summary>
    public static CallHistory All => new(int.MaxValue);

    /// <summary>The greatest number of calls kept; <see cref="int.MaxValue"/> for <see cref="All"/>.</summary>
    public int Capacity => _beyondFirst + 1;

    /// <summary>Keeps the last <paramref name="calls"/> calls.</summary>
    /// <param name="calls">How many calls are kept, at least 1.</param>
    /// <returns>The history.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="calls"/> is less than 1.</exception>
    public static CallHistory LastOf(int calls)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(calls, 1);
        return new(calls);
    }

    /// <summary>Says the history in words.</summary>
    /// <returns>"last call", "last N calls" or "all calls".</returns>
    public override string ToString() => Capacity switch
    {
        1 => "last call",
        int.MaxValue => "all calls",
        var n => $"last {n} calls",
    };
}
