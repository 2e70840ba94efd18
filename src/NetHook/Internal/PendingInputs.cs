using System.Runtime.CompilerServices;

namespace NetHook.Internal;

/// <summary>
/// Carries inputs from the hook before a call to the hook after it. A call() is synchronous, so its two hooks run on
/// one thread, nested as the calls are nested: a stack per thread.
/// </summary>
/// <remarks>
/// A call that throws never reaches its second hook and leaves its entry behind. It is recognised by where its first
/// hook ran: stacks grow down, so an entry from the current frame's address or below belongs to a call that has ended.
/// </remarks>
internal static class PendingInputs
{
    [ThreadStatic]
    private static List<Entry>? _entries;

    public static unsafe void Push(LayerHook hook, object? input, object? kept)
    {
        byte here;
        var frame = (nuint)(&here);
        var entries = _entries ??= [];
        var live = entries.Count;
        while (live > 0 && entries[live - 1].Frame <= frame) live--;
        Truncate(entries, live);
        entries.Add(new(hook, Key(input), kept, frame));
    }

    /// <summary>Takes out what was kept for the call that ends now; null when the trace was made while it ran.</summary>
    public static object? Pop(LayerHook hook, object? input)
    {
        if (_entries is not { Count: > 0 } entries) return null;
        var key = Key(input);

        // The entry with the very input comes first: a recursive call that threw may have left a newer one.
        var at = entries.FindLastIndex(e => ReferenceEquals(e.Hook, hook) && ReferenceEquals(e.Key, key));
        if (at < 0) at = entries.FindLastIndex(e => ReferenceEquals(e.Hook, hook));
        if (at < 0) return null;
        var kept = entries[at].Kept;
        entries[at] = entries[at] with { Kept = null };
        Truncate(entries, at);
        return kept;
    }

    /// <summary>Frees what this thread holds for the hook.</summary>
    public static void Drop(LayerHook hook)
    {
        if (_entries is not { Count: > 0 } entries) return;
        foreach (var entry in entries)
        {
            if (ReferenceEquals(entry.Hook, hook)) Captures.Free(entry.Kept);
        }

        entries.RemoveAll(e => ReferenceEquals(e.Hook, hook));
    }

    private static object? Key(object? input) => input is ITuple { Length: > 0 } tuple ? tuple[0] : input;

    private static void Truncate(List<Entry> entries, int count)
    {
        for (var i = count; i < entries.Count; i++) Captures.Free(entries[i].Kept);
        entries.RemoveRange(count, entries.Count - count);
    }

    private readonly record struct Entry(LayerHook Hook, object? Key, object? Kept, nuint Frame);
}
