using System.Diagnostics.CodeAnalysis;

namespace NetHook;

/// <summary>Keeps the last several calls, or all of them. Takes a lock: a history is not the hot path.</summary>
internal sealed class CaptureLog(int capacity) : CaptureStore
{
    private readonly Lock _lock = new();
    private readonly Queue<Capture> _kept = new();
    private readonly Dictionary<long, Capture> _byNumber = [];
    private long _calls;
    private long _first;
    private bool _closed;

    public override long Count
    {
        get
        {
            lock (_lock)
                return _calls - _first;
        }
    }

    public override long First
    {
        get
        {
            lock (_lock)
                return _first;
        }
    }

    public override (IReadOnlyList<(long Number, PassStep? Step)> Calls, long First) KeptCalls
    {
        get
        {
            lock (_lock)
                return ([.. _kept.Select(capture => (capture.Number, capture.Step))], _first);
        }
    }

    public override void Add(object? input, object? output)
    {
        var capture = Capture.OfCall(input, output);
        Capture? dropped = null;
        lock (_lock)
        {
            if (_closed)
            {
                dropped = capture;
            }
            else
            {
                if (_kept.Count == capacity)
                    _byNumber.Remove((dropped = _kept.Dequeue()).Number);
                (capture.Number, capture.First) = (_calls++, _first);
                _kept.Enqueue(capture);
                _byNumber.Add(capture.Number, capture);
            }
        }

        dropped?.Free();
    }

    public override bool TryRead<TArgument, TResult>(
        long number, Func<Capture, TArgument, TResult> read, TArgument argument, [MaybeNullWhen(false)] out TResult result)
    {
        lock (_lock)
        {
            bool found = _byNumber.TryGetValue(number == Latest ? _calls - 1 : number, out Capture? capture);
            result = found ? read(capture!, argument) : default;
            return found;
        }
    }

    public override void Clear()
    {
        lock (_lock)
        {
            _first = _calls;
            while (_kept.TryDequeue(out Capture? capture))
                capture.Free();
            _byNumber.Clear();
        }
    }

    public override void Close()
    {
        lock (_lock)
            _closed = true;
        Clear();
    }
}
