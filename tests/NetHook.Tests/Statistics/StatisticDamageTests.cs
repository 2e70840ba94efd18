using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Files whose numbers no samples can have led to, or whose parts are made to harm.</summary>
public sealed class StatisticDamageTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["s.safetensors"];

    [Fact]
    public void Numbers_that_are_none_are_refused()
    {
        Damaged(new RunningMean(), "mean", t => t[1] = double.NaN, "It holds NaN or infinity.");
        Damaged(new RunningMean(), "mean", t => t[0] = double.PositiveInfinity, "It holds NaN or infinity.");
        Damaged(new RunningVariance(), "mean", t => t[1] = double.NaN, "It holds NaN or infinity.");
        Damaged(new RunningVariance(), "deviations", t => t[1] = double.NaN, "It holds NaN or infinity.");
        Damaged(new RunningCovariance(), "mean", t => t[1] = double.NegativeInfinity, "It holds NaN or infinity.");
        Damaged(new RunningCovariance(), "deviations", t => t[0, 1] = double.NaN, "It holds NaN or infinity.");
        Damaged(new RunningSecondMoment(), "sum", t => t[1, 0] = double.NaN, "It holds NaN or infinity.");
        Damaged(new RunningTopK(2), "values", t => t[1, 0] = double.NaN, "It holds NaN.");
        Damaged(new RunningQuantiles(), "minimum", t => t[1] = double.NaN, "It holds NaN.");
        Damaged(new RunningQuantiles(), "maximum", t => t[1] = double.NaN, "It is less than the minimum, or NaN.");
        Damaged(new RunningQuantiles(), "level.0", t => t[1, 2] = double.NaN, "It holds values beyond the minimum and maximum, or NaN.");
    }

    [Fact]
    public void Sums_of_squares_and_counts_are_not_negative()
    {
        Damaged(new RunningVariance(), "deviations", t => t[1] = -2.5, "It holds -2.5, and a sum of squares cannot be negative.");
        Damaged(new RunningCovariance(), "deviations", t => t[1, 1] = -2.5, "It holds -2.5, and a sum of squares cannot be negative.");
        Damaged(new RunningSecondMoment(), "sum", t => t[0, 0] = -2.5, "It holds -2.5, and a sum of squares cannot be negative.");
        Damaged(new RunningHistogram(-3, 3, 4), "counts", t => t[0, 2] = -7L, "It holds -7, and a count cannot be negative.");
        Damaged(new RunningQuantiles(), "deviation", t => t.fill_(-1.0), "It is -1, which cannot be.");
    }

    [Fact]
    public void Parts_that_contradict_each_other_are_refused()
    {
        Damaged(new RunningSecondMoment(), "sum", t => t[0, 1] = 1000.0, "It is not symmetric, as sums of products are.");
        Damaged(new RunningCovariance(), "deviations", t => t[0, 1] = 1000.0, "It is not symmetric, as sums of products are.");
        Damaged(new RunningHistogram(-3, 3, 4), "counts", t => t[0, 2] = 1000L, "Its counts of a feature's values do not add up to the 9 samples.");
        Damaged(new RunningTopK(2), "indices", t => t[1, 1] = -99L, "It has the samples -99 to ", exact: false);
        Damaged(new RunningTopK(2), "indices", t => t[1, 1] = 9L, "and there are 9, numbered from 0.", exact: false);
        Damaged(new RunningTopK(2), "indices", t => t[1].fill_(3L), "It has a sample twice.");
        Damaged(new RunningTopK(2), "values", t => t[0, 1] = 1000.0, "Its values are not in order.");
        Damaged(new RunningQuantiles(), "maximum", t => t[0] = -1000.0, "It is less than the minimum, or NaN.");
        Damaged(new RunningQuantiles(), "level.0", t => t[0, 0] = 1000.0, "It holds values beyond the minimum and maximum, or NaN.");
        Damaged(new RunningMean(), "count", t => t.fill_(long.MaxValue), "It is 9223372036854775807, which cannot be.");
        CombinedStatistic combined = new(new Dictionary<string, RunningStatistic> { ["m"] = new RunningMean() });
        Damaged(combined, "m/count", t => t.fill_(4L), "Its part 'm' counts 4 samples of 2 features, and it counts 9 of 2.", key: false);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(4000)]
    public void Parts_nested_without_end_are_refused(int depth)
    {
        Dictionary<string, string> notes = [];
        string prefix = "";
        for (int level = 0; level <= depth; level++, prefix += "a/")
            (notes[$"statistic:{prefix}"], notes[$"parts:{prefix}"]) = ("CombinedStatistic", "a");
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor>(), notes);

        Messages.Same($"{Path}: Its parts are nested more than 32 deep.", () => RunningStatistic.Load<RunningStatistic>(Path));
        notes["statistic:"] = "LayerStatistics";
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor>(), notes);
        Messages.Same($"{Path}: Its parts are nested more than 32 deep.", () => LayerStatistics.Load(Path));
    }

    [Fact]
    public void What_may_be_nested_is_what_can_be_read_again()
    {
        RunningStatistic deepest = Nested(32);
        deepest.Save(Path);
        using var read = RunningStatistic.Load<RunningStatistic>(Path);
        new LayerStatistics(["layer"], _ => Nested(32)).Save(Path);
        LayerStatistics.Load(Path).Dispose();

        Messages.Same("Statistics are combined within each other more than 32 deep. (Parameter 'parts')", () => Nested(33));

        static RunningStatistic Nested(int depth)
        {
            RunningStatistic statistic = new RunningMean();
            for (int level = 0; level < depth; level++)
                statistic = new CombinedStatistic(new Dictionary<string, RunningStatistic> { ["a"] = statistic });
            return statistic;
        }
    }

    [Theory]
    [InlineData("", "It names a part '': names are not empty and have no '/'.")]
    [InlineData("a\n", "It names a part '': names are not empty and have no '/'.")]
    [InlineData("a/b", "It names a part 'a/b': names are not empty and have no '/'.")]
    [InlineData("a\na", "It names the part 'a' twice.")]
    public void Names_that_no_combination_can_have_are_refused(string parts, string problem)
    {
        SafetensorsFile.Save(
            Path,
            new Dictionary<string, Tensor> { ["a/count"] = tensor(0L), ["count"] = tensor(0L) },
            new Dictionary<string, string> { ["statistic:"] = "CombinedStatistic", ["parts:"] = parts, ["statistic:a/"] = "RunningMean" });

        Messages.Same($"{Path}: {problem}", () => RunningStatistic.Load<RunningStatistic>(Path));
    }

    [Fact]
    public void What_could_not_be_read_again_is_not_saved()
    {
        using var mean = new RunningMean();
        mean.Add(ones(2, 2));
        mean.Save(Path);
        byte[] before = File.ReadAllBytes(Path);
        using var moment = new RunningSecondMoment();
        moment.Add(full([1, 2], 1e200, float64));

        Messages.Same("RunningSecondMoment cannot be saved, because of 'sum': It holds NaN or infinity.", () => moment.Save(Path));
        Messages.Same("A layer cannot be named 'a\nb': the name has a line break. (Parameter 'layers')", () => new LayerStatistics(["a\nb"], _ => new RunningMean()));

        Assert.Equal(before, File.ReadAllBytes(Path));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Damaged(RunningStatistic statistic, string name, Action<Tensor> damage, string problem, bool exact = true, bool key = true)
    {
        using (statistic)
        {
            statistic.Add(Samples.Make(1, 9, 2, kind: 0));
            statistic.Save(Path);
        }

        RunningStatistic.Load<RunningStatistic>(Path).Dispose();
        Dictionary<string, string> notes;
        using (var file = SafetensorsFile.Open(Path))
            notes = file.Metadata.ToDictionary();
        Dictionary<string, Tensor> tensors = SafetensorsFile.Load(Path);
        damage(tensors[name]);
        SafetensorsFile.Save(Path, tensors, notes);

        CheckpointException e = Assert.Throws<CheckpointException>(() => RunningStatistic.Load<RunningStatistic>(Path));

        string place = key ? $"{Path}, key '{name}': " : $"{Path}: ";
        if (exact)
            Assert.Equal(place + problem, e.Message);
        Assert.StartsWith(place, e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }
}
