using System.Globalization;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

/// <summary>Statistics gathered as a cluster does: by processes that start together, each told by its environment which it is.</summary>
public sealed class ClusterTests : IDisposable
{
    private const string Layer = "transformer.h.0.mlp.act";
    private const int Tasks = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly SmallModel _model;

    public ClusterTests(SmallModel model)
    {
        _model = model;
        File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 600).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. ")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tasks_of_a_slurm_array_merged_equal_the_whole()
    {
        ProcessRun[] runs = await Start(Enumerable.Range(1, Tasks), "auto", task => $"part-{task}", task => SlurmTask(task, 1, Tasks, Tasks));

        Assert.All(runs, run => Assert.Equal((Tool.Success, ""), (run.Code, run.Error)));
        AssertMergedEqualsWhole();
    }

    [Fact]
    public async Task Tasks_of_a_slurm_array_that_run_again_do_their_own_parts()
    {
        ProcessRun[] first = await Start([1, 3], $"auto/{Tasks}", task => $"part-{task}", task => SlurmTask(task, 1, Tasks, Tasks));
        ProcessRun[] again = await Start([2, 4], $"auto/{Tasks}", task => $"part-{task}", task => SlurmTask(task, 2, 4, 2));

        Assert.All([.. first, .. again], run => Assert.Equal((Tool.Success, ""), (run.Code, run.Error)));
        AssertMergedEqualsWhole();
    }

    [Fact]
    public async Task Indices_of_a_kubernetes_job_merged_equal_the_whole()
    {
        ProcessRun[] runs = await Start(
            Enumerable.Range(0, Tasks), $"auto/{Tasks}", index => $"part-{index + 1}", index => new() { ["JOB_COMPLETION_INDEX"] = Text(index) });

        Assert.All(runs, run => Assert.Equal((Tool.Success, ""), (run.Code, run.Error)));
        AssertMergedEqualsWhole();
    }

    [Fact]
    public async Task Tasks_that_share_a_file_are_refused_but_for_one()
    {
        ProcessRun[] runs = await Start(Enumerable.Range(1, Tasks), "auto", _ => "out", task => SlurmTask(task, 1, Tasks, Tasks));

        int winner = Array.FindIndex(runs, run => run.Code == Tool.Success);
        using var file = StatisticsFile.Load(_folder["out"]);
        Assert.True(file.IsComplete);
        Assert.Equal([new Shard(winner + 1, Tasks)], file.Parts.Select(part => part.Shard));
        Assert.All(runs.Where((_, i) => i != winner), run => Assert.Equal(
            (Tool.Failure, "", $"nethook: {_folder["out"]} holds statistics of another text or part of it. Choose another file, or remove it.\n"),
            (run.Code, run.Output, run.Error)));
        Assert.Equal(["out", "text.txt"], _folder.Files);
    }

    private static Dictionary<string, string> SlurmTask(int task, int first, int last, int count) => new()
    {
        ["SLURM_ARRAY_TASK_ID"] = Text(task),
        ["SLURM_ARRAY_TASK_MIN"] = Text(first),
        ["SLURM_ARRAY_TASK_MAX"] = Text(last),
        ["SLURM_ARRAY_TASK_COUNT"] = Text(count),
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Task<ProcessRun[]> Start(IEnumerable<int> tasks, string shard, Func<int, string> file, Func<int, Dictionary<string, string>> environment) => Task.WhenAll(
        [.. tasks.Select(task => ProcessRun.Of(environment(task), [.. Gather, "--shard", shard, "--out", _folder[file(task)]]))]);

    private string[] Gather => ["stats", _folder["text.txt"], "--model", _model.Folder, "--layers", Layer, "--statistic", "second-moment"];

    private void AssertMergedEqualsWhole()
    {
        Assert.Equal(Tool.Success, ToolRun.Of([.. Gather, "--out", _folder["whole"]]).Code);
        var merge = ToolRun.Of(["stats", "merge", .. Enumerable.Range(1, Tasks).Select(part => _folder[$"part-{part}"]), "--out", _folder["merged"]]);

        Assert.EndsWith($"\nSaved to {_folder["merged"]}, from 4 files.\n", merge.Result, StringComparison.Ordinal);
        using LayerStatistics whole = LayerStatistics.Load(_folder["whole"]), merged = LayerStatistics.Load(_folder["merged"]);
        (RunningSecondMoment expected, RunningSecondMoment actual) = ((RunningSecondMoment)whole[Layer], (RunningSecondMoment)merged[Layer]);
        Assert.Equal(expected.Count, actual.Count);
        Assert.True(actual.SecondMoment().allclose(expected.SecondMoment()));
    }
}
