using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class StatisticFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Four_thousand_damaged_files_are_read_or_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        string path = _folder["s.safetensors"], again = _folder["again.safetensors"];
        RunningStatistic[] every = [.. StatisticInputTests.New()];
        var mutator = new FileMutator(20262);
        Tensor samples = Samples.Make(1, 60, 2, kind: 0);
        foreach (RunningStatistic statistic in every)
        {
            statistic.Add(samples);
            statistic.Save(path);
            Fuzz.Run(path, 3000 / every.Length, mutator.Safetensors, () =>
            {
                using DisposeScope inner = NewDisposeScope();
                using var loaded = RunningStatistic.Load<RunningStatistic>(path);
                loaded.Add(ones(2, loaded.Features ?? 2));
                loaded.Save(again);
            });
        }

        using var layers = new LayerStatistics(["h.0", "h.1"], _ => new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["m"] = new RunningMean(), ["k"] = new RunningTopK(3) }));
        foreach (RunningStatistic statistic in layers.Values)
            statistic.Add(samples);
        layers.Notes["parts"] = "abc 1/2 7";
        layers.Save(path);
        Fuzz.Run(path, 1000, mutator.Safetensors, () =>
        {
            LayerStatistics.LoadNotes(path);
            using var loaded = LayerStatistics.Load(path);
            loaded.Save(again);
        });
    }

    public void Dispose() => _folder.Dispose();
}
