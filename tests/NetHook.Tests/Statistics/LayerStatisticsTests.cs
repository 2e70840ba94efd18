using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class LayerStatisticsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly Sequential _net = Models.Small();

    private string Path => _folder["s.safetensors"];

    [Fact]
    public void A_statistic_is_fed_from_a_trace()
    {
        using var mean = new RunningMean();
        using var trace = new Trace(_net, "c");
        var outputs = new List<Tensor>();
        for (int i = 0; i < 3; i++)
        {
            trace.Run(() => outputs.Add(_net.call(randn(5, 3))));
            mean.Add(trace);
        }

        Assert.Equal(15, mean.Count);
        TensorAssert.Near(cat([.. outputs]).mean([0]), mean.Mean());
    }

    [Fact]
    public void Each_layer_has_its_own_statistic()
    {
        using LayerStatistics statistics = New("a", "c");
        using var traces = new TraceDict(_net, ["a", "b", "c"]);
        traces.Run(() => _net.call(randn(5, 3)));

        statistics.Add(traces);

        Assert.Equal([4, 2], statistics.Values.Select(statistic => statistic.Features!.Value));
        TensorAssert.Near(traces["c"].Output.mean([0]), ((RunningMean)statistics["c"]).Mean());
    }

    [Fact]
    public void Nothing_is_added_where_one_layer_cannot_be()
    {
        using LayerStatistics statistics = New("a", "c");
        using var traces = new TraceDict(_net, ["a", "c"]);
        using var some = new TraceDict(_net, ["a"]);

        Assert.Throws<LayerNotRunException>(() => statistics.Add(traces));
        some.Run(() => _net.call(randn(5, 3)));
        Messages.Same("Layer 'c' is not traced. Traced are: a.", () => statistics.Add(some));
        nn.init.constant_(((Linear)_net[2]).weight!, float.NaN);
        using var broken = new TraceDict(_net, ["a", "c"]);
        broken.Run(() => _net.call(randn(5, 3)));
        Messages.Same("RunningMean was given activations of shape [5, 2] with NaN, the first at [0, 0]. Nothing was added.", () => statistics.Add(broken));
        Assert.All(statistics.Values, statistic => Assert.Equal(0, statistic.Count));

        nn.init.constant_(((Linear)_net[2]).weight!, 1);
        broken.Run(() => _net.call(randn(5, 3)));
        statistics["c"].Dispose();
        Assert.Throws<ObjectDisposedException>(() => statistics.Add(broken));
        Assert.Equal(0, statistics["a"].Count);
    }

    [Fact]
    public void Shards_saved_apart_and_merged_equal_the_whole()
    {
        using LayerStatistics whole = New("a", ""), merged = New("", "a");
        List<Tensor> batches = Samples.Make(1, 60, 3, kind: 0).to(float32).split(10).ToList();
        Feed(whole, batches);
        for (int shard = 0; shard < 2; shard++)
        {
            using LayerStatistics part = New("a", "");
            part.Notes["shard"] = $"{shard}/2";
            Feed(part, batches.Where((_, i) => i % 2 == shard));
            part.Save(Path);
            using var loaded = LayerStatistics.Load(Path);
            Assert.Equal(["a", ""], loaded.Keys);
            Assert.Equal($"{shard}/2", loaded.Notes["shard"]);
            Assert.Equal(loaded.Notes, LayerStatistics.LoadNotes(Path));
            merged.Merge(loaded);
        }

        foreach ((string layer, RunningStatistic statistic) in whole)
        {
            Assert.Equal(60, merged[layer].Count);
            TensorAssert.Near(((RunningMean)statistic).Mean(), ((RunningMean)merged[layer]).Mean(), 1e-12);
        }
    }

    [Fact]
    public void Combined_statistics_of_layers_come_back_from_one_file()
    {
        using var statistics = new LayerStatistics(["h.0", "h.1"], Combined);
        statistics["h.0"].Add(ones(2, 3));
        statistics.Save(Path);

        using var loaded = LayerStatistics.Load(Path);

        RunningMean part = ((CombinedStatistic)loaded["h.0"]).Part<RunningMean>("mean");
        Assert.Equal((2, 0), (part.Count, loaded["h.1"].Count));
        Assert.Contains("h.0/mean/mean", SafetensorsFile.Load(Path).Keys);
        Messages.Same(
            "There is no RunningTopK 'mean' among the statistics combined: RunningMean 'mean', RunningVariance 'variance'.",
            () => ((CombinedStatistic)loaded["h.0"]).Part<RunningTopK>("mean"));
    }

    [Fact]
    public void Combined_statistics_are_merged_part_by_part_or_not_at_all()
    {
        using RunningStatistic a = Combined(""), b = Combined("");
        using var other = new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["mean"] = new RunningMean() });
        using var odd = new CombinedStatistic(
            new Dictionary<string, RunningStatistic> { ["mean"] = new RunningMean(), ["variance"] = new RunningTopK() });
        a.Add(zeros(1, 2));
        b.Add(ones(3, 2));
        a.Merge(b);

        Assert.Equal(0.75, ((CombinedStatistic)a).Part<RunningMean>("mean").Mean()[0].item<double>());
        Messages.Same(
            "CombinedStatistic cannot be merged into CombinedStatistic: it combines mean, this one mean, variance. Nothing was added.",
            () => a.Merge(other));
        Messages.Same(
            "CombinedStatistic cannot be merged into CombinedStatistic: of the two 'variance', they are of different types. Nothing was added.",
            () => a.Merge(odd));
        Assert.Equal(4, ((CombinedStatistic)a).Part<RunningMean>("mean").Count);
    }

    [Fact]
    public void Other_layers_are_not_merged()
    {
        using LayerStatistics a = New("a", "b"), b = New("a", "c");

        Messages.Same("Statistics of a, c cannot be merged into those of a, b: the layers differ. Nothing was added.", () => a.Merge(b));
    }

    [Fact]
    public void Nothing_is_merged_where_one_layer_differs()
    {
        using LayerStatistics a = New("a", "b"), b = new(["a", "b"], layer => layer == "a" ? new RunningMean() : new RunningTopK());
        b["a"].Add(ones(1, 2));

        Messages.Same("RunningTopK of layer 'b' cannot be merged into RunningMean: they are of different types. Nothing was added.", () => a.Merge(b));
        Assert.Equal(0, a["a"].Count);
    }

    [Fact]
    public void Names_that_cannot_be_are_refused()
    {
        Messages.Same("Layer 'a' was given twice. (Parameter 'layers')", () => New("a", "a"));
        Messages.Same("No layers were given. (Parameter 'layers')", () => New());
        Messages.Same(
            "A statistic cannot be named 'a/b': names are not empty and have no '/'. (Parameter 'parts')",
            () => new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["a/b"] = new RunningMean() }));
        Messages.Same("There is no statistic of layer 'h'. There are those of a.", () => New("a")["h"]);
    }

    [Fact]
    public void A_statistic_that_is_not_new_or_given_twice_is_refused()
    {
        using RunningMean shared = new(), used = new();
        used.Add(ones(1, 2));

        Messages.Same(
            "The statistics of 'a' and 'b' are one object, which would count everything twice. Make two. (Parameter 'make')",
            () => new LayerStatistics(["a", "b"], _ => shared));
        Messages.Same(
            "The statistic of 'a' has samples already. Make a new one, and merge into it what there is. (Parameter 'make')",
            () => new LayerStatistics(["a"], _ => used));
        Messages.Same("The statistic of 'a' is null. Make a new one. (Parameter 'make')", () => new LayerStatistics(["a"], _ => null!));
        Messages.Same(
            "The statistics of 'a' and 'b' are one object, which would count everything twice. Make two. (Parameter 'parts')",
            () => Combine(("a", shared), ("b", shared)));
        Messages.Same(
            "The statistic of 'b' has samples already. Make a new one, and merge into it what there is. (Parameter 'parts')",
            () => Combine(("a", shared), ("b", used)));
        Messages.Same("The statistic of 'a' is null. Make a new one. (Parameter 'parts')", () => Combine(("a", null!)));

        static CombinedStatistic Combine(params (string Name, RunningStatistic Statistic)[] parts) => new(parts.ToDictionary(part => part.Name, part => part.Statistic));
    }

    public void Dispose()
    {
        _net.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    private static LayerStatistics New(params string[] layers) => new(layers, _ => new RunningMean());

    private static CombinedStatistic Combined(string layer) =>
        new(new Dictionary<string, RunningStatistic> { ["mean"] = new RunningMean(), ["variance"] = new RunningVariance() });

    private void Feed(LayerStatistics statistics, IEnumerable<Tensor> batches)
    {
        using var traces = new TraceDict(_net, statistics.Keys, new() { Detach = true });
        foreach (Tensor batch in batches)
        {
            traces.Run(() => _net.call(batch));
            statistics.Add(traces);
        }
    }
}
