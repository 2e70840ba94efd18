#:project ../../src/NetHook.Interpretability/NetHook.Interpretability.csproj

// Compares two files of second moments: the same samples, and the same numbers but for the order in which they were added.
using NetHook;
using NetHook.Interpretability;
using TorchSharp;

using StatisticsFile expected = StatisticsFile.Load(args[0]), actual = StatisticsFile.Load(args[1]);
if (!actual.IsComplete || actual.Missing.Count > 0 || !expected.Statistics.Keys.SequenceEqual(actual.Statistics.Keys))
    throw new InvalidOperationException($"{args[1]} lacks parts or layers.");
foreach (var (layer, statistic) in expected.Statistics)
{
    using var scope = torch.NewDisposeScope();
    var (whole, merged) = ((RunningSecondMoment)statistic, (RunningSecondMoment)actual.Statistics[layer]);
    var (wanted, found) = (whole.SecondMoment(), merged.SecondMoment());
    var off = ((found - wanted).norm() / wanted.norm()).to(torch.ScalarType.Float64).item<double>();
    if (whole.Count != merged.Count || !(off < 1e-6))
        throw new InvalidOperationException($"{layer}: {whole.Count} and {merged.Count} samples, {off:E1} apart.");
}

Console.WriteLine($"The statistics of {expected.Statistics.Count} layers over {expected.Parts.Sum(part => part.Tokens)} tokens agree.");
