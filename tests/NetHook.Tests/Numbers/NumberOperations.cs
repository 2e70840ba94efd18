using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>The operations of the library that take a number, each with small arguments. Each gives the same result each time.</summary>
internal static class NumberOperations
{
    private static readonly Tensor X = Kept([-1.5f, 0f, 2f]), Y = Kept([1f, 10f, 100f]), Mask = X.le(0).DetachFromDisposeScope();
    private static readonly Tensor Integers = tensor(new long[] { -2, 0, 3 }).DetachFromDisposeScope();
    private static readonly Tensor Rows = tensor(new long[] { 0, 1, 3 }).DetachFromDisposeScope();
    private static readonly Tensor Samples = arange(12, ScalarType.Float32).reshape(4, 3).DetachFromDisposeScope();
    private static readonly Scalar Half = HeldScalars.Of(0.5), Low = HeldScalars.Of(-1), High = HeldScalars.Of(1);
    private static readonly Intervention Add = Interventions.Add(Y, 0.5), Scale = Interventions.Scale(0.5), Clamp = Interventions.Clamp(-1, 1);
    private static readonly Intervention LastHalved = Interventions.Scale(0.5).At(Slice.Features(^1));
    private static readonly nn.Module<Tensor, Tensor> Net = nn.Sequential(("layer", nn.Identity()));
    private static readonly nn.Module<Tensor, Tensor> LookUp = nn.Embedding(4, 2, padding_idx: 1);

    /// <summary>Each by its name. A result is the caller's, and joins its scope.</summary>
    public static IReadOnlyDictionary<string, Func<Tensor>> All { get; } = new Dictionary<string, Func<Tensor>>
    {
        ["x + y"] = () => X.Plus(Y),
        ["x + 0.5 y"] = () => X.Plus(Y, Half),
        ["x + 0.25"] = () => X.Plus(0.25),
        ["x + 2, of integers"] = () => Integers.Plus(2L),
        ["x + y, in place"] = () => X.clone().PlusInPlace(Y),
        ["0.5 x"] = () => X.Times(0.5),
        ["0.5 x, held"] = () => X.Times(Half),
        ["0.5 x, in place"] = () => X.clone().TimesInPlace(0.5),
        ["3 x, of integers, in place"] = () => Integers.clone().TimesInPlace(3L),
        ["x / 3"] = () => X.DividedBy(3),
        ["x²"] = () => X.Squared(),
        ["x between -1 and 1"] = () => X.Clamped(Low, High),
        ["x between -1 and 1, in place"] = () => X.clone().ClampInPlace(-1, 1),
        ["x at most 1, of integers, in place"] = () => Integers.clone().AtMostInPlace(1),
        ["x filled"] = () => X.clone().FillInPlace(4),
        ["x filled by a mask, in place"] = () => X.clone().FillInPlace(Mask, 4),
        ["x filled by a mask"] = () => X.WithFill(Mask, 4),
        ["x = 2"] = () => X.IsEqualTo(2),
        ["x ≤ 0"] = () => X.IsAtMost(0),
        ["like x, of one number"] = () => X.FilledWith(0.25),
        ["of one number"] = () => HeldScalars.Filled([3], 0.25, ScalarType.Float32, CPU),
        ["range"] = () => HeldScalars.Range(5),
        ["Interventions.Add"] = () => Add(X, ""),
        ["Interventions.Scale"] = () => Scale(X, ""),
        ["Interventions.Clamp"] = () => Clamp(X, ""),
        ["Interventions.Noise"] = () => Interventions.Noise(0.5, seed: 1)(X, ""),
        ["Interventions.ProjectOut"] = () => Interventions.ProjectOut(Y)(X, ""),
        ["Interventions.Scale at a feature"] = () => LastHalved(X, ""),
        ["EditOutput"] = Edited,
        ["RunningMean"] = () => Filled(new RunningMean(), statistic => statistic.Mean()),
        ["RunningVariance"] = () => Filled(new RunningVariance(), statistic => statistic.Variance()),
        ["RunningCovariance.Correlation"] = () => Filled(new RunningCovariance(), statistic => statistic.Correlation()),
        ["RunningSecondMoment"] = () => Filled(new RunningSecondMoment(), statistic => statistic.SecondMoment()),
        ["RunningHistogram"] = () => Filled(new RunningHistogram(0, 10, 5), statistic => statistic.Counts()),
        ["RunningTopK"] = () => Filled(new RunningTopK(2), statistic => statistic.Indices()),
        ["RunningQuantiles.Quantiles"] = () => Filled(new RunningQuantiles(), statistic => statistic.Quantiles(0.25, 0.5)),
        ["RunningQuantiles.CumulativeProbability"] = () => Filled(new RunningQuantiles(), statistic => statistic.CumulativeProbability(5.5)),
        ["DeepCopy of an embedding"] = Copied,
    };

    /// <summary>Runs an operation again and again under pressure of the collector, and compares each result with the first, made without.</summary>
    /// <returns>What went wrong first; null if nothing did.</returns>
    public static string? Stress(Func<Tensor> operation, int rounds, int busyThreads)
    {
        using Tensor expected = operation().DetachFromDisposeScope();
        using var pressure = new CollectorPressure(busyThreads);
        for (int round = 0; round < rounds; round++)
        {
            using DisposeScope scope = NewDisposeScope();
            try
            {
                Tensor result = operation();
                if (!result.equal(expected).all().item<bool>())
                    return $"round {round} gave {result.str()}, not {expected.str()}";
            }
#pragma warning disable CA1031 // Whatever is thrown is what the run is to find.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                return $"round {round} threw {exception.GetType().Name}: {exception.Message}";
            }
        }

        return null;
    }

    private static Tensor Kept(float[] values) => tensor(values).DetachFromDisposeScope();

    private static Tensor Edited()
    {
        using var trace = new Trace(Net, "layer", new() { RetainOutput = false, EditOutput = Interventions.Scale(0.5) });
        return Net.call(X);
    }

    private static Tensor Filled<T>(T statistic, Func<T, Tensor> result)
        where T : RunningStatistic
    {
        using (statistic)
        {
            statistic.Add(Samples);
            statistic.Add(Samples);
            return result(statistic);
        }
    }

    private static Tensor Copied()
    {
        using nn.Module<Tensor, Tensor> copy = LookUp.DeepCopy();
        return copy.call(Rows);
    }
}
