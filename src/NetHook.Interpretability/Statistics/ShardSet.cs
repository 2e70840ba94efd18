namespace NetHook.Interpretability;

/// <summary>Parts that are held already. If all are of one division, as those of most works are, it takes one look to find one among 100,000.</summary>
internal sealed class ShardSet
{
    private readonly HashSet<Shard> _parts = [];
    private bool _ofOneDivision = true;
    private int _count;

    public ShardSet(IEnumerable<Shard> parts)
    {
        foreach (Shard part in parts)
            Add(part);
    }

    public void Add(Shard part)
    {
        _ofOneDivision &= _parts.Count == 0 || part.Count == _count;
        _count = part.Count;
        _parts.Add(part);
    }

    /// <summary>Whether a piece of the work is of one of the parts.</summary>
    public bool Holds(int piece) => _ofOneDivision && _parts.Count > 0
        ? _parts.Contains(new Shard((piece % _count) + 1, _count))
        : _parts.Any(part => part.Holds(piece));

    /// <summary>The first part held that has some of the same pieces as another; null if none has.</summary>
    public Shard? Overlapping(Shard part) => _ofOneDivision && part.Count == _count
        ? _parts.TryGetValue(part, out Shard? same) ? same : null
        : _parts.FirstOrDefault(part.Overlaps);
}
