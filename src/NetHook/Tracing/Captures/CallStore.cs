using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>Where a trace keeps what its layer's calls left. Safe for readers and writers on any thread.</summary>
internal abstract class CallStore
{
    /// <summary>Whatever call was kept last.</summary>
    public static readonly CallKey Latest = new(-1, null);

    public static CallStore For(CallHistory history) =>
        history.Capacity == 1 ? new LastCall() : new CallLog(history.Capacity);

    /// <summary>Takes over what a call left, and frees what it pushes out.</summary>
    public abstract void Store(long number, object kept);

    /// <summary>Reads what a call left, while no one can free it.</summary>
    public abstract bool TryRead<TArgument, TResult>(
        CallKey call, Func<object, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result);

    /// <summary>The calls kept, in order, when the last call of all had the number given.</summary>
    public abstract IReadOnlyList<CallKey> Calls(long last);

    /// <summary>Frees everything kept.</summary>
    public abstract void Clear();

    /// <summary>Frees everything kept, and whatever a forward pass on another thread may still store.</summary>
    public abstract void Close();
}
