using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Activations <c>[samples, features]</c> in double precision, and where they are cut into batches.</summary>
internal sealed record Samples(Tensor All, int[] Cuts)
{
    /// <summary>Of many shapes and kinds: far from zero, with ties, in rising order.</summary>
    public static Gen<Samples> Any(int most = 60) => Gen.Select(
        Gen.Int[0, 1 << 20], Gen.Int[1, most], Gen.Int[1, 4], Gen.Int[0, 3], Gen.Int[0, most].Array[0, 4],
        (seed, count, features, kind, cuts) => new Samples(Make(seed, count, features, kind), [.. cuts.Select(cut => Math.Min(cut, count)).Order()]));

    public static Tensor Make(int seed, long count, long features, int kind)
    {
        using var generator = new Generator((ulong)seed);
        Tensor normal = randn([count, features], ScalarType.Float64, generator: generator);
        return kind switch
        {
            0 => normal,
            1 => (normal * 3) + 1e6,
            2 => (normal * 2).round(),
            _ => normal.sort(0).Values,
        };
    }

    /// <summary>The batches, some of them empty.</summary>
    public IEnumerable<Tensor> Batches()
    {
        int[] bounds = [0, .. Cuts, (int)All.shape[0]];
        return bounds.Zip(bounds.Skip(1), (first, end) => All.narrow(0, first, end - first));
    }

    /// <summary>Adds all batches to one statistic.</summary>
    public T AddTo<T>(T statistic)
        where T : RunningStatistic
    {
        foreach (Tensor batch in Batches())
            statistic.Add(batch);
        return statistic;
    }

    /// <summary>Gives each batch a statistic of its own, and merges them all into the first.</summary>
    public T Merge<T>(Func<T> make)
        where T : RunningStatistic
    {
        T merged = make();
        foreach (Tensor batch in Batches())
        {
            using T part = make();
            part.Add(batch);
            merged.Merge(part);
        }

        return merged;
    }

    /// <summary>Checks one at a time, and frees what each made.</summary>
    public static void Check(Gen<Samples> samples, Action<Samples> check, int times = 100) => samples.Sample(
        one =>
        {
            using DisposeScope scope = NewDisposeScope();
            check(one);
        },
        iter: times,
        print: one => $"[{string.Join(", ", one.All.shape)}] cut at {string.Join(", ", one.Cuts)}: {one.All.str()}",
        threads: 1);
}
