namespace NetHook;

/// <summary>Decides, for the layers of one <see cref="TraceDict"/>, whether the pass ends now.</summary>
internal sealed class StopCondition(int layers)
{
    private readonly HashSet<Trace> _ran = [];

    /// <summary>Notes that a layer ran. True when it was the last one missing; the count then starts anew.</summary>
    public bool IsMetBy(Trace trace)
    {
        lock (_ran)
        {
            _ran.Add(trace);
            if (_ran.Count < layers)
                return false;
            _ran.Clear();
            return true;
        }
    }

    /// <summary>Starts counting anew. For all layers: a single trace that is cleared does not speak for the others.</summary>
    public void Reset()
    {
        lock (_ran)
            _ran.Clear();
    }
}
