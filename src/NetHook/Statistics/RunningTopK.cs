using static TorchSharp.torch;

namespace NetHook;

/// <summary>The largest values of each feature, and the samples in which they were: what activates a neuron most.</summary>
/// <remarks>
/// Samples are numbered from 0 in the order in which they were added, <c>[batch, tokens, features]</c> token by token;
/// those of a merged statistic follow. Values are exact; of equal ones any may be kept. Memory: 16 bytes for each
/// feature and value kept.
/// </remarks>
/// <inheritdoc cref="RunningStatistic" path="/remarks"/>
public sealed class RunningTopK : RunningStatistic
{
    /// <summary>Makes a list of the largest or smallest values.</summary>
    /// <param name="k">How many are kept of each feature, at least 1.</param>
    /// <param name="largest">Whether the largest are kept, or the smallest.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is less than 1.</exception>
    public RunningTopK(int k = 100, bool largest = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        (K, Largest) = (k, largest);
    }

    /// <summary>How many values are kept of each feature.</summary>
    public int K { get; }

    /// <summary>Whether the largest values are kept, or the smallest.</summary>
    public bool Largest { get; }

    private protected override bool TakesInfinity => true;

    /// <summary>The values kept, the most extreme first.</summary>
    /// <returns><c>[features, k]</c>, or as many as there are samples; double precision, in the activations' unit.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Values() => Result(() => State["values"].clone());

    /// <summary>The numbers of the samples that <see cref="Values"/> are from.</summary>
    /// <returns><c>[features, k]</c>, or as many as there are samples; 64-bit integers from 0.</returns>
    /// <exception cref="InvalidOperationException">There are no samples yet.</exception>
    public Tensor Indices() => Result(() => State["indices"].clone());

    internal static RunningTopK From(StatisticReader reader) =>
        new((int)reader.ReadInteger("k", 1, int.MaxValue), reader.ReadInteger("largest", 0, 1) == 1);

    private protected override void WriteSettings(StatisticWriter writer)
    {
        writer.Write("k", (long)K);
        writer.Write("largest", Largest ? 1L : 0L);
    }

    private protected override IEnumerable<AccumulatorLayout> Layout(long features)
    {
        long kept = Features is null ? 0 : Math.Min(K, Count);
        return [AccumulatorLayout.Of("values", features, kept), new("indices", ScalarType.Int64, features, kept)];
    }

    private protected override Damage? WhyDamaged()
    {
        (Tensor values, Tensor indices) = (State["values"], State["indices"]);
        long kept = values.shape[1];
        if (kept == 0)
            return null;
        if (values.isnan().any().item<bool>())
            return new("values", "It holds NaN.");
        (Tensor least, Tensor most) = indices.aminmax();
        if (least.item<long>() < 0 || most.item<long>() >= Count)
            return new("indices", FormattableString.Invariant($"It has the samples {least.item<long>()} to {most.item<long>()}, and there are {Count}, numbered from 0."));
        (Tensor before, Tensor after) = (values.narrow(1, 0, kept - 1), values.narrow(1, 1, kept - 1));
        if (!(Largest ? before.ge(after) : before.le(after)).all().item<bool>())
            return new("values", "Its values are not in order.");
        (Tensor sorted, Tensor _) = indices.sort(1);
        return sorted.narrow(1, 0, kept - 1).eq(sorted.narrow(1, 1, kept - 1)).any().item<bool>() ? new("indices", "It has a sample twice.") : null;
    }

    private protected override void Accumulate(Tensor samples)
    {
        (Tensor values, Tensor indices) = samples.t().topk((int)Math.Min(K, samples.shape[0]), 1, Largest);
        Keep(values, indices);
    }

    private protected override void MergeFrom(RunningStatistic other) => Keep(other.State["values"], other.State["indices"]);

    private protected override string? DiffersFrom(RunningStatistic other)
    {
        var top = (RunningTopK)other;
        return (top.K, top.Largest) == (K, Largest) ? null : $"it keeps the {Describe(top)} values, this one the {Describe(this)}";
    }

    private static string Describe(RunningTopK top) => $"{top.K} {(top.Largest ? "largest" : "smallest")}";

    private void Keep(Tensor values, Tensor indices)
    {
        Device device = State["values"].device;
        Tensor all = cat([State["values"], values.to(device)], 1);
        Tensor samples = cat([State["indices"], indices.to(device).Plus(Count)], 1);
        (Tensor kept, Tensor at) = all.topk((int)Math.Min(K, all.shape[1]), 1, Largest);
        State["values"] = kept;
        State["indices"] = samples.gather(1, at);
    }
}
