using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>
/// Carries a hook's inputs from before a call to after it. A call() is synchronous, so the two run on one thread, nested
/// as the calls of the layer are nested: a stack for each thread that is in the layer.
/// </summary>
/// <remarks>
/// A call that throws never reaches the hook after it and leaves its entry behind. The hook's next call on that thread
/// recognises it by where its hook ran: stacks grow down, so an entry from the same address or below belongs to a call
/// that has ended. Entries of other hooks say nothing: all hooks of a layer run from one place.
/// </remarks>
internal sealed class PendingInputs
{
    // Of all threads, so that whoever disposes the trace can free what a pass on another thread left.
    private readonly List<Entry> _entries = [];
    private bool _closed;

    // Not inlined, so that all addresses are those of one depth below the hook.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public unsafe void Push(object? input, object? kept)
    {
        byte here;
        nuint frame = (nuint)(&here);
        int thread = Environment.CurrentManagedThreadId;
        lock (_entries)
        {
            Free(thread, from: 0, frame);
            if (_closed)
                Captures.Free(kept);
            else
                _entries.Add(new(thread, frame, Key(input), kept));
        }
    }

    /// <summary>Takes out what was kept for the call that ends now; null when the trace was made while it ran.</summary>
    public object? Pop(object? input)
    {
        object? key = Key(input);
        int thread = Environment.CurrentManagedThreadId;
        lock (_entries)
        {
            // The entry with the very input comes first: a recursive call that threw may have left a newer one.
            int at = Find(thread, key);
            if (at < 0)
                return null;
            object? kept = _entries[at].Kept;
            _entries.RemoveAt(at);
            Free(thread, from: at, nuint.MaxValue);
            return kept;
        }
    }

    /// <summary>Frees what this thread has left.</summary>
    public void Drop()
    {
        lock (_entries)
            Free(Environment.CurrentManagedThreadId, from: 0, nuint.MaxValue);
    }

    /// <summary>Frees everything, and what a call on another thread may still bring.</summary>
    public void Close()
    {
        lock (_entries)
        {
            _closed = true;
            foreach (Entry entry in _entries)
                Captures.Free(entry.Kept);
            _entries.Clear();
        }
    }

    private static object? Key(object? input) => input is ITuple { Length: > 0 } tuple ? tuple[0] : input;

    private int Find(int thread, object? key)
    {
        int newest = -1;
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Thread != thread)
                continue;
            if (ReferenceEquals(_entries[i].Key, key))
                return i;
            if (newest < 0)
                newest = i;
        }

        return newest;
    }

    /// <summary>Frees a thread's entries from a position on whose hooks ran at a frame or below it on the stack.</summary>
    private void Free(int thread, int from, nuint frame)
    {
        for (int i = _entries.Count - 1; i >= from; i--)
        {
            if (_entries[i].Thread != thread || _entries[i].Frame > frame)
                continue;
            Captures.Free(_entries[i].Kept);
            _entries.RemoveAt(i);
        }
    }

    private readonly record struct Entry(int Thread, nuint Frame, object? Key, object? Kept);
}
