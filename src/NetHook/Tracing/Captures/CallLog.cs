using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>Keeps the last several calls, or all of them. Takes a lock: a history is not the hot path.</summary>
internal sealed class CallLog(int capacity) : CallStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, object> _calls = [];
    private readonly Queue<long> _order = new();
    private long _latest;
    private bool _closed;

    public override void Store(long number, object kept)
    {
        object? dropped = null;
        lock (_lock)
        {
            if (_closed)
            {
                dropped = kept;
            }
            else
            {
                if (_order.Count == capacity)
                    _calls.Remove(_order.Dequeue(), out dropped);
                _order.Enqueue(_latest = number);
                _calls.Add(number, kept);
            }
        }

        if (dropped is not null)
            Captures.Free(dropped);
    }

    public override bool TryRead<TArgument, TResult>(
        CallKey call, Func<object, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result)
    {
        lock (_lock)
        {
            bool found = _calls.TryGetValue(call == Latest ? _latest : call.Number, out object? kept);
            result = found ? read(kept!, argument) : default;
            return found;
        }
    }

    public override IReadOnlyList<CallKey> Calls(long last)
    {
        lock (_lock)
            return [.. _order.Order().Select(number => new CallKey(number, _calls[number]))];
    }

    public override void Clear()
    {
        lock (_lock)
        {
            foreach (object kept in _calls.Values)
                Captures.Free(kept);
            _calls.Clear();
            _order.Clear();
        }
    }

    public override void Close()
    {
        lock (_lock)
            _closed = true;
        Clear();
    }
}
