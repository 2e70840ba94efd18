using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>
/// Keeps what the last call left, written by forward passes on any thread without a lock. The capture in place says which call it is and how
/// many there were, so that number, count and content are always those of one call: a writer numbers its capture by the one that it takes the
/// place of, and frees that. A reader puts a token in place of the capture while it makes its handles; if another capture takes the token's
/// place meanwhile, the reader frees the one that it holds.
/// </summary>
internal sealed class LastCapture : CaptureStore
{
    private Capture _last = new Nothing { Number = -1 };

    public override long Count => Volatile.Read(ref _last).Count;

    public override long First => Volatile.Read(ref _last).First;

    public override (IReadOnlyList<(long Number, PassStep? Step)> Calls, long First) KeptCalls
    {
        get
        {
            Capture last = Volatile.Read(ref _last);
            return (last is Nothing ? [] : [(last.Number, last.Step)], last.First);
        }
    }

    public override void Add(object? input, object? output)
    {
        var capture = Capture.OfCall(input, output);
        Capture previous;
        do
        {
            previous = Volatile.Read(ref _last);
            if (previous is Nothing { IsClosed: true })
            {
                capture.Free();
                return;
            }

            capture.Number = previous.Number + 1;
            capture.First = previous.First;
        }
        while (Interlocked.CompareExchange(ref _last, capture, previous) != previous);
        FreeUnlessRead(previous);
    }

    public override bool TryRead<TArgument, TResult>(
        long number, Func<Capture, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result)
    {
        result = default;
        Capture last;
        ReaderToken token;
        do
        {
            last = WhenUnread();
            if (last is Nothing || (number != Latest && number != last.Number))
                return false;
            token = new ReaderToken(last.Step) { Number = last.Number, First = last.First };
        }
        while (Interlocked.CompareExchange(ref _last, token, last) != last);
        try
        {
            result = read(last, argument);
            return true;
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _last, last, token) != token)
                last.Free();
        }
    }

    public override void Clear() => Empty(closes: false);

    public override void Close() => Empty(closes: true);

    private static void FreeUnlessRead(Capture previous)
    {
        if (previous is not ReaderToken)
            previous.Free();
    }

    /// <summary>The capture in place, as soon as no reader has its token there.</summary>
    private Capture WhenUnread()
    {
        var wait = default(SpinWait);
        Capture last;
        while ((last = Volatile.Read(ref _last)) is ReaderToken)
            wait.SpinOnce();
        return last;
    }

    private void Empty(bool closes)
    {
        Capture previous;
        Nothing nothing;
        do
        {
            previous = Volatile.Read(ref _last);
            nothing = new() { Number = previous.Number, First = previous.Number + 1, IsClosed = closes || previous is Nothing { IsClosed: true } };
        }
        while (Interlocked.CompareExchange(ref _last, nothing, previous) != previous);
        FreeUnlessRead(previous);
    }

    private sealed class Nothing() : Capture(null, null)
    {
        public bool IsClosed { get; init; }
    }

    private sealed class ReaderToken(PassStep? step) : Capture(null, null)
    {
        public override PassStep? Step => step;
    }
}
