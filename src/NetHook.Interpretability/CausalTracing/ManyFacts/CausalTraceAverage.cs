namespace NetHook.Interpretability;

/// <summary>
/// The average indirect effect over facts, by the role of the token and the layer whose states were restored: figure 2 of Meng et al. 2022
/// for states of one kind. Immutable; holds no tensors.
/// </summary>
/// <remarks>
/// Each fact counts once: if several of its tokens have a role, their mean counts. A fact that has no token of a role is not in that role's averages.
/// </remarks>
public sealed class CausalTraceAverage
{
    private readonly MeanEstimate[][] _effects;

    internal CausalTraceAverage(StateKind kind, int window, int layers, IReadOnlyList<FactTrace> known, int index)
    {
        (Kind, Window, Layers) = (kind, window, layers);
        _effects = [.. TokenRoles.All.Select(role => Enumerable.Range(0, layers).Select(layer => MeanEstimate.Of(
            [.. from fact in known
                let restored = fact.Probabilities![index][(int)role]
                where restored is not null
                select restored[layer] - fact.CorruptedProbability!.Value])).ToArray())];
    }

    /// <summary>Which states were restored.</summary>
    public StateKind Kind { get; }

    /// <summary>How many layers around each one were restored together.</summary>
    public int Window { get; }

    /// <summary>The number of layers.</summary>
    public int Layers { get; }

    /// <summary>The average indirect effect: restored less corrupted probability of the answer.</summary>
    /// <param name="role">The role of the token whose states were restored.</param>
    /// <param name="layer">The layer, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such role or layer.</exception>
    public MeanEstimate this[TokenRole role, int layer]
    {
        get
        {
            if (!Enum.IsDefined(role))
                throw new ArgumentOutOfRangeException(nameof(role), role, "This is none of the roles of tokens.");
            ArgumentOutOfRangeException.ThrowIfNegative(layer);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Layers);
            return _effects[(int)role][layer];
        }
    }

    /// <summary>The role and layer of the highest average.</summary>
    internal (TokenRole Role, int Layer) Highest =>
        (from role in TokenRoles.All
         from layer in Enumerable.Range(0, Layers)
         where this[role, layer].Count > 0
         select (role, layer)).MaxBy(cell => this[cell.role, cell.layer].Mean);

    /// <summary>The averages as text, in percent with their 95 % intervals, roles down and layers across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString() => TextTable.Draw(
        [.. TokenRoles.All.Select(TokenRoles.NameOf)],
        [.. Enumerable.Range(0, Layers).Select(layer => $"{layer}")],
        (role, layer) => Percent(this[(TokenRole)role, layer]));

    /// <summary>"81.2 ±3.1", in percent; "-" of no facts.</summary>
    internal static string Percent(MeanEstimate estimate) => estimate.Count switch
    {
        0 => "-",
        1 => TextTable.Number(100 * estimate.Mean, 1),
        _ => $"{TextTable.Number(100 * estimate.Mean, 1)} ±{TextTable.Number(100 * estimate.Interval, 1)}",
    };
}
