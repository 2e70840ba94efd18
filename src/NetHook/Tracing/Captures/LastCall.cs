using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>
/// Keeps what the last call left, written by forward passes on any thread without a lock: a writer swaps its capture
/// in and frees what it gets out. A reader puts its own token in place of the capture for as long as it makes its
/// handles; should a newer capture have taken the token's place by then, the reader frees the one that it holds.
/// </summary>
internal sealed class LastCall : CallStore
{
    private static readonly object Closed = new();

    private object? _kept;

    public override void Store(long number, object kept)
    {
        object? previous = Interlocked.Exchange(ref _kept, kept);
        if (previous is null or ReaderToken)
            return;
        if (ReferenceEquals(previous, Closed))
            Close();
        else
            Captures.Free(previous);
    }

    public override bool TryRead<TArgument, TResult>(
        CallKey call, Func<object, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result)
    {
        var token = new ReaderToken();
        object? kept = Kept();
        while (!ReferenceEquals(Interlocked.CompareExchange(ref _kept, token, kept), kept))
            kept = Kept();
        try
        {
            bool found = kept is not null && !ReferenceEquals(kept, Closed) && (call == Latest || ReferenceEquals(kept, call.Kept));
            result = found ? read(kept!, argument) : default;
            return found;
        }
        finally
        {
            PutBack(kept, token);
        }
    }

    public override IReadOnlyList<CallKey> Calls(long last)
    {
        object? kept = Kept();
        return kept is null || ReferenceEquals(kept, Closed) ? [] : [new(last, kept)];
    }

    public override void Clear() => Replace(null);

    public override void Close() => Replace(Closed);

    /// <summary>What is kept, as soon as no reader has its token there.</summary>
    private object? Kept()
    {
        var wait = default(SpinWait);
        object? kept;
        while ((kept = Volatile.Read(ref _kept)) is ReaderToken)
            wait.SpinOnce();
        return kept;
    }

    private void PutBack(object? kept, ReaderToken token)
    {
        object? found = Interlocked.CompareExchange(ref _kept, kept, token);
        if (ReferenceEquals(found, token) || kept is null)
            return;
        if (ReferenceEquals(kept, Closed))
            Close();
        else
            Captures.Free(kept);
    }

    private void Replace(object? by)
    {
        object? previous = Interlocked.Exchange(ref _kept, by);
        if (previous is null or ReaderToken)
            return;
        if (!ReferenceEquals(previous, Closed))
            Captures.Free(previous);
        else if (by is null)
            Close();
    }

    private sealed class ReaderToken;
}
