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

    /// <summary>The step of the pass that runs on this thread; null if it is no step of anything. Whoever sets it sets it back.</summary>
    public static PassStep? Current
    {
        get => _current;
        set => _current = value;
    }
}
