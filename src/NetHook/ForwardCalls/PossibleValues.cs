namespace NetHook;

/// <summary>
/// All that a place in the code (a local, an argument, a field, the stack) may hold when it runs, as far as the search for a layer needs it:
/// objects of the running program, and stand-ins for what the code would make. Numbers and tensors are left out.
/// </summary>
internal sealed class PossibleValues
{
    public static readonly PossibleValues None = new();

    private readonly HashSet<object> _values = new(ReferenceEqualityComparer.Instance);

    public PossibleValues(params IEnumerable<object> values) => _values.UnionWith(values);

    public IReadOnlyCollection<object> All => _values;

    public bool IsSame(PossibleValues other) => ReferenceEquals(this, other) || _values.SetEquals(other._values);

    /// <summary>Adds what another place may hold; whether that was anything new.</summary>
    public bool Add(PossibleValues other)
    {
        int before = _values.Count;
        if (!ReferenceEquals(other, this))
            _values.UnionWith(other._values);
        return _values.Count > before;
    }

    public static PossibleValues Both(PossibleValues one, PossibleValues other) =>
        other._values.Count == 0 ? one : one._values.Count == 0 ? other : new(one._values.Concat(other._values));
}

/// <summary>Stands for a variable: its address is passed on, and others write to it.</summary>
internal sealed class Variable
{
    public PossibleValues Values { get; } = new();
}

/// <summary>Stands for an object that the code makes: a closure, a list, a tuple, a state machine.</summary>
internal sealed class MadeObject(Type type)
{
    public Type Type { get; } = type;

    public Dictionary<string, PossibleValues> Fields { get; } = [];

    /// <summary>What is put into it by code that is not read, as into a list.</summary>
    public PossibleValues Elements { get; } = new();
}

/// <summary>Stands for a delegate, or the pointer of which it is made.</summary>
internal sealed record MadeDelegate(System.Reflection.MethodBase Method, PossibleValues Target)
{
    public bool Equals(MadeDelegate? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Stands for an enumerator, a query, a pair or anything else that gives parts of an object.</summary>
internal sealed class PartsOf(object source)
{
    public object Source { get; } = source;
}
