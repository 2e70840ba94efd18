using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>Counts calls of which nothing is kept.</summary>
internal sealed class CallCounter : CaptureStore
{
    private long _calls;
    private long _first;

    public override long Count
    {
        get
        {
            // The first is read first: the calls can only have become more since.
            long first = First;
            return Interlocked.Read(ref _calls) - first;
        }
    }

    public override long First => Interlocked.Read(ref _first);

    public override (IReadOnlyList<(long Number, PassStep? Step)> Calls, long First) KeptCalls => ([], First);

    public override void Add(object? input, object? output) => Interlocked.Increment(ref _calls);

    public override bool TryRead<TArgument, TResult>(
        long number, Func<Capture, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result)
    {
        result = default;
        return false;
    }

    public override void Clear() => Interlocked.Exchange(ref _first, Interlocked.Read(ref _calls));

    public override void Close()
    {
    }
}
