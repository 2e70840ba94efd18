namespace NetHook;

/// <summary>
/// Which step of a longer computation a forward pass is, such as a generation that runs a model once for each new token, and
/// which positions it computes. Whoever runs the pass sets it; traces note it with what they keep.
/// </summary>
/// <param name="Number">The number of the step, from 0.</param>
/// <param name="Start">The first position that the pass computes.</param>
/// <param name="End">The position behind the last one.</param>
internal record PassStep(int Number, int Start, int End)
{
    [ThreadStatic]
    private static PassStep? _current;

    /// <summary>The step of the pass that runs on this thread; null if it is no step of anything.</summary>
    public static PassStep? Current => _current;

    /// <summary>Makes this the current step of this thread, until the result is disposed.</summary>
    public Restore Enter()
    {
        var restore = new Restore(_current);
        _current = this;
        return restore;
    }

    public readonly ref struct Restore(PassStep? before)
    {
        private readonly PassStep? _before = before;

        public void Dispose() => _current = _before;
    }
}
