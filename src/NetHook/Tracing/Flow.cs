namespace NetHook;

/// <summary>
/// Marks the flow of execution in which a trace was made. Each mark is a node on a chain kept in an
/// <see cref="AsyncLocal{T}"/>: code belongs to the mark's flow when the mark is on its chain. A task started later
/// inherits the chain, and marks that it adds are its own.
/// </summary>
internal sealed class Flow
{
    private static readonly AsyncLocal<Flow?> Current = new();

    private readonly Flow? _outer;
    private volatile bool _ended;

    private Flow(Flow? outer) => _outer = outer;

    /// <summary>Puts a new mark on the current flow.</summary>
    public static Flow Enter() => Current.Value = new Flow(Live(Current.Value));

    /// <summary>Whether the calling code flows from where this mark was made.</summary>
    public bool IsCurrent
    {
        get
        {
            for (Flow? flow = Current.Value; flow is not null; flow = flow._outer)
            {
                if (ReferenceEquals(flow, this))
                    return true;
            }

            return false;
        }
    }

    /// <summary>Takes the mark off again. Chains that hold it elsewhere drop it when they next grow.</summary>
    public void Exit()
    {
        _ended = true;
        if (Current.Value is { _ended: true } flow)
            Current.Value = Live(flow);
    }

    // Chains hold only what is still in use, so that a long-lived flow that makes many traces does not grow.
    private static Flow? Live(Flow? flow)
    {
        while (flow is { _ended: true })
            flow = flow._outer;
        return flow;
    }
}
