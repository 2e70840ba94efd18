using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class StatisticFilesTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<Type> Every => [.. StatisticInputTests.New().Select(statistic => statistic.GetType())];

    private string Path => _folder["s.safetensors"];

    [Theory]
    [MemberData(nameof(Every))]
    public void A_statistic_goes_on_from_its_file_as_if_it_had_never_stopped(Type type)
    {
        using RunningStatistic whole = New(type), first = New(type);
        Tensor[] batches = Samples.Make(1, 900, 3, kind: 0).split(50);
        foreach (Tensor batch in batches)
            whole.Add(batch);
        foreach (Tensor batch in batches.Take(7))
            first.Add(batch);

        first.Save(Path);
        using var second = RunningStatistic.Load<RunningStatistic>(Path);
        foreach (Tensor batch in batches.Skip(7))
            second.Add(batch);

        AssertSame(whole, second);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void A_statistic_without_samples_comes_back_too(Type type)
    {
        using RunningStatistic empty = New(type);
        empty.Save(Path);
        using var loaded = RunningStatistic.Load<RunningStatistic>(Path);

        Assert.Equal(type, loaded.GetType());
        Assert.Null(loaded.Features);
        loaded.Add(ones(2, 3));
        Assert.Equal(2, loaded.Count);
    }

    [Fact]
    public void Settings_come_back()
    {
        new RunningTopK(7, largest: false).Save(Path);
        using (RunningTopK top = RunningStatistic.Load<RunningTopK>(Path))
            Assert.Equal((7, false), (top.K, top.Largest));
        new RunningHistogram(-1.5, 2, 9).Save(Path);
        using (RunningHistogram histogram = RunningStatistic.Load<RunningHistogram>(Path))
            Assert.Equal((-1.5, 2, 9), (histogram.Low, histogram.High, histogram.Bins));
        new RunningQuantiles(99, -5).Save(Path);
        using (RunningQuantiles quantiles = RunningStatistic.Load<RunningQuantiles>(Path))
            Assert.Equal((99, -5), (quantiles.Resolution, quantiles.Seed));
    }

    [Fact]
    public void Any_safetensors_reader_finds_the_accumulators_by_name()
    {
        using var moment = new RunningSecondMoment();
        moment.Add(ones(2, 3));
        moment.Save(Path);

        Dictionary<string, Tensor> tensors = SafetensorsFile.Load(Path);

        Assert.Equal(["count", "features", "sum"], tensors.Keys.Order());
        Assert.Equal(2, tensors["count"].item<long>());
        TensorAssert.Same(full([3, 3], 2, float64), tensors["sum"]);
    }

    [Fact]
    public void Another_statistic_than_asked_for_is_refused()
    {
        new RunningMean().Save(Path);

        Messages.Same($"{Path}: It holds a RunningMean, not a RunningVariance.", () => RunningStatistic.Load<RunningVariance>(Path));
        Messages.Same($"{Path}: It holds a RunningMean, not LayerStatistics.", () => LayerStatistics.Load(Path));
    }

    [Fact]
    public void A_file_of_something_else_is_refused()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["weight"] = ones(2) });
        Messages.Same(
            $"{Path}: It holds no running statistic: its metadata has no entry 'statistic:'.",
            () => RunningStatistic.Load<RunningMean>(Path));

        Save("RunningMode", []);
        Messages.Same($"{Path}: It holds a RunningMode, which is no running statistic known here.", () => RunningStatistic.Load<RunningMean>(Path));
    }

    [Fact]
    public void A_damaged_statistic_is_refused_by_the_key_that_is_wrong()
    {
        Save("RunningMean", new() { ["count"] = tensor(-1L) });
        Refused("count", "It is -1, which cannot be.");
        Save("RunningMean", new() { ["count"] = tensor(2f) });
        Refused("count", "It is Float32 [], and the RunningMean needs Int64 [].");
        Save("RunningMean", new() { ["count"] = tensor(2L), ["features"] = tensor(3L) });
        Refused("mean", "The RunningMean lacks it.");
        Save("RunningMean", new() { ["count"] = tensor(2L), ["features"] = tensor(3L), ["mean"] = zeros(4, float64) });
        Refused("mean", "It is Float64 [4], and the RunningMean needs Float64 [3].");
        Save("RunningQuantiles", new() { ["count"] = tensor(0L), ["resolution"] = tensor(9L), ["seed"] = tensor(0L), ["levels"] = tensor(1L << 40) });
        Refused("levels", "It is 1099511627776, which cannot be.");
        Save("RunningQuantiles", new()
        {
            ["count"] = tensor(7L),
            ["features"] = tensor(1L),
            ["resolution"] = tensor(9L),
            ["seed"] = tensor(0L),
            ["levels"] = tensor(2L),
            ["tosses"] = tensor(0L),
            ["deviation"] = tensor(0.0),
            ["minimum"] = zeros(1, float64),
            ["maximum"] = zeros(1, float64),
            ["level.0"] = zeros(1, 3, float64),
            ["level.1"] = zeros(1, 1, float64),
        });
        Messages.Same($"{Path}: Its levels stand for 5 samples, and it counts 7.", () => RunningStatistic.Load<RunningQuantiles>(Path));
        Save("RunningHistogram", new() { ["count"] = tensor(0L), ["low"] = tensor(2.0), ["high"] = tensor(1.5) });
        Refused("high", "Its range is from 2 to 1.5, which is empty.");
        Save("RunningMean", new() { ["count"] = tensor(2L) });
        Messages.Same($"{Path}: It counts samples and says nothing of their features.", () => RunningStatistic.Load<RunningMean>(Path));

        void Refused(string key, string problem) =>
            Messages.Same($"{Path}, key '{key}': {problem}", () => RunningStatistic.Load<RunningStatistic>(Path));
    }

    [Fact]
    public void What_is_disposed_is_not_saved_and_the_old_file_stays()
    {
        var layers = new LayerStatistics(["a", "b"], _ => new RunningMean());
        layers["a"].Add(ones(1, 2));
        layers["b"].Add(ones(1, 2));
        layers.Save(Path);
        byte[] before = File.ReadAllBytes(Path);
        var part = new RunningMean();
        using var combined = new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["top"] = new RunningTopK(), ["mean"] = part });
        combined.Add(ones(1, 2));

        layers["b"].Dispose();
        part.Dispose();

        Assert.Throws<ObjectDisposedException>(() => layers.Save(Path));
        layers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => layers.Save(Path));
        Assert.Throws<ObjectDisposedException>(() => combined.Save(Path));
        Assert.Throws<ObjectDisposedException>(() => part.Save(Path));
        Assert.Equal(before, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_the_old_one()
    {
        using var mean = new RunningMean();
        mean.Add(ones(1, 2));
        mean.Save(Path);
        byte[] before = File.ReadAllBytes(Path);

        Assert.ThrowsAny<IOException>(() => mean.Save(System.IO.Path.Combine(Path, "below-a-file")));

        Assert.Equal(before, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static RunningStatistic New(Type type) => StatisticInputTests.New().Single(statistic => statistic.GetType() == type);

    private static void AssertSame(RunningStatistic expected, RunningStatistic actual)
    {
        Assert.Equal((expected.GetType(), expected.Count, expected.Features), (actual.GetType(), actual.Count, actual.Features));
        foreach ((KeyValuePair<string, Tensor> one, KeyValuePair<string, Tensor> other) in expected.State.All.Zip(actual.State.All))
        {
            Assert.Equal(one.Key, other.Key);
            TensorAssert.Same(one.Value, other.Value);
        }

        if (expected is not CombinedStatistic combined)
            return;
        foreach ((string name, RunningStatistic part) in combined.Parts)
            AssertSame(part, ((CombinedStatistic)actual).Parts[name]);
    }

    private void Save(string type, Dictionary<string, Tensor> tensors) =>
        SafetensorsFile.Save(Path, tensors, new Dictionary<string, string> { ["statistic:"] = type });
}
