namespace NetHook;

/// <summary>An input on its way: a copy for the edit of the output, which may need it as it was, and the capture.</summary>
internal readonly record struct PendingInput(object? Kept, object? ForEdit)
{
    public void Free()
    {
        Captures.Free(Kept);
        Captures.Free(ForEdit);
    }
}

/// <summary>
/// Carries a hook's inputs from before a call to after it. A call() is synchronous: both hooks run on one thread, from one frame of its
/// stack, by which they know each other. A call that throws never reaches the hook after it and leaves its entry behind.
/// </summary>
/// <remarks>
/// The next call on that thread frees what lies at its own place on the stack or below: that call has ended. An entry above is of a call
/// that may still run, if the layer calls itself; <see cref="RunningCalls"/> finds out, which takes long, so that it is asked only when twice
/// as many lie above as it left the last time.
/// </remarks>
internal sealed class PendingInputs(TorchSharp.torch.nn.Module module)
{
    // Of all threads, so that whoever disposes the trace can free what a pass on another thread left.
    private readonly List<Entry> _entries = [];
    private int _asksAt = 1;
    private bool _closed;

    public void Push(nuint frame, PendingInput input)
    {
        Thread thread = Thread.CurrentThread;
        lock (_entries)
        {
            int above = FreeEnded(thread, frame);
            if (above >= _asksAt)
            {
                bool free = !RunningCalls.MayInclude(module);
                if (free)
                    FreeEnded(thread, nuint.MaxValue);
                _asksAt = free ? 1 : 2 * above;
            }

            if (_closed)
                input.Free();
            else
                _entries.Add(new(thread, frame, input));
        }
    }

    /// <summary>Takes out what was kept for the call that ends now; false if the trace could not see it begin.</summary>
    public bool TryPop(nuint frame, out PendingInput input)
    {
        Thread thread = Thread.CurrentThread;
        lock (_entries)
        {
            // The highest that does not belong to an outer call. Those below are of inner calls that threw.
            int own = -1;
            for (int i = 0; i < _entries.Count; i++)
            {
                nuint at = _entries[i].Frame;
                if (_entries[i].Thread == thread && at <= frame + CallFrame.Near && at + CallFrame.Below >= frame && (own < 0 || at > _entries[own].Frame))
                    own = i;
            }

            input = own < 0 ? default : _entries[own].Input;
            if (own >= 0)
                _entries.RemoveAt(own);
            FreeEnded(thread, frame);
            return own >= 0;
        }
    }

    /// <summary>Frees what calls below a frame of this thread's stack have left: they have ended.</summary>
    public void Drop(nuint frame)
    {
        lock (_entries)
            FreeEnded(Thread.CurrentThread, frame - CallFrame.Near);
    }

    /// <summary>Frees everything. Calls that run now lose their inputs.</summary>
    public void Clear()
    {
        lock (_entries)
        {
            foreach (Entry entry in _entries)
                entry.Input.Free();
            _entries.Clear();
        }
    }

    /// <summary>Frees everything, and what a call on another thread may still bring.</summary>
    public void Close()
    {
        lock (_entries)
            _closed = true;
        Clear();
    }

    /// <summary>Frees the entries of a thread at a frame or below it, and those of threads that are gone. Tells how many lie above.</summary>
    private int FreeEnded(Thread thread, nuint frame)
    {
        int above = 0;
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            Entry entry = _entries[i];
            bool ended = entry.Thread == thread ? entry.Frame <= frame || entry.Frame - frame <= CallFrame.Near : !entry.Thread.IsAlive;
            if (!ended)
            {
                above += entry.Thread == thread ? 1 : 0;
                continue;
            }

            entry.Input.Free();
            _entries.RemoveAt(i);
        }

        return above;
    }

    private readonly record struct Entry(Thread Thread, nuint Frame, PendingInput Input);
}
