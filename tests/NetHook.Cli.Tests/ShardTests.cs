namespace NetHook.Cli.Tests;

public sealed class ShardTests
{
    [Theory]
    [InlineData("1/1", "1/1")]
    [InlineData("3/8", "3/8")]
    [InlineData("auto", "3/5", "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto", "3/5", "SLURM_ARRAY_TASK_ID=14", "SLURM_ARRAY_TASK_MIN=10", "SLURM_ARRAY_TASK_STEP=2", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto/5", "1/5", "SLURM_ARRAY_TASK_ID=0")]
    [InlineData("auto/4", "4/4", "JOB_COMPLETION_INDEX=3")]
    public void Shard_is_given_or_taken_from_the_environment(string text, string shard, params string[] environment) =>
        Assert.Equal(shard, Shard.Parse(text, Lookup(environment)).ToString());

    [Theory]
    [InlineData("4", "--shard 4 is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("0/4", "--shard 0/4 is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("5/4", "--shard 5/4 is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("1/2/3", "--shard 1/2/3 is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("auto/x", "--shard auto/x is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("auto", "--shard auto needs SLURM_ARRAY_TASK_ID (a Slurm array) or JOB_COMPLETION_INDEX (an indexed Kubernetes job), and neither is set.")]
    [InlineData("auto", "Kubernetes does not say how many parts there are: give the job's completions, --shard auto/n.", "JOB_COMPLETION_INDEX=3")]
    [InlineData("auto", "JOB_COMPLETION_INDEX is 'first', which is no number.", "JOB_COMPLETION_INDEX=first")]
    [InlineData("auto/2", "--shard auto/2 is part 4 of 2 here, which there is not.", "JOB_COMPLETION_INDEX=3")]
    [InlineData("auto/4", "--shard auto/4 asks for 4 parts, and SLURM_ARRAY_TASK_COUNT says 5.", "SLURM_ARRAY_TASK_ID=0", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto", "SLURM_ARRAY_TASK_COUNT is not set: say the number of parts, --shard auto/n.", "SLURM_ARRAY_TASK_ID=0")]
    public void Shard_that_is_none_is_refused(string text, string message, params string[] environment) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => Shard.Parse(text, Lookup(environment))).Message);

    [Fact]
    public void Shards_hold_every_piece_once()
    {
        Shard[] shards = [.. Enumerable.Range(1, 3).Select(number => new Shard(number, 3))];

        Assert.All(Enumerable.Range(0, 20), piece => Assert.Single(shards, shard => shard.Holds(piece)));
    }

    private static Func<string, string?> Lookup(string[] environment)
    {
        Dictionary<string, string> values = environment.Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => values.GetValueOrDefault(name);
    }
}
