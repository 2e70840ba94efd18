using CsCheck;

namespace NetHook.Cli.Tests;

public sealed class ShardTests
{
    private const string FromZero = "The array's tasks are counted from 0, and parts from 1: number the tasks 1 to n, sbatch --array=1-n.";

    private const string NotAll = "--shard auto needs a Slurm array of the tasks 1 to n, and this one is not, or does not say so. "
        + "Where only some of the tasks run, say how many parts there are: --shard auto/n.";

    [Theory]
    [InlineData("1/1", "1/1")]
    [InlineData("3/8", "3/8")]
    [InlineData("auto", "3/5", "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_MAX=5", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto/5", "3/5", "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_MAX=5", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto/5", "5/5", "SLURM_ARRAY_TASK_ID=5", "SLURM_ARRAY_TASK_MIN=3", "SLURM_ARRAY_TASK_MAX=5", "SLURM_ARRAY_TASK_STEP=2", "SLURM_ARRAY_TASK_COUNT=2")]
    [InlineData("auto/5", "4/5", "SLURM_ARRAY_TASK_ID=4")]
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
    [InlineData("auto/5", "--shard auto/5 is part 6 of 5 here, which there is not.", "SLURM_ARRAY_TASK_ID=6", "SLURM_ARRAY_TASK_MIN=1")]
    [InlineData("auto/5", FromZero, "SLURM_ARRAY_TASK_ID=0")]
    [InlineData("auto/5", FromZero, "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=0", "SLURM_ARRAY_TASK_MAX=4", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto", FromZero, "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=0", "SLURM_ARRAY_TASK_MAX=4", "SLURM_ARRAY_TASK_COUNT=5")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=3", "SLURM_ARRAY_TASK_MAX=5", "SLURM_ARRAY_TASK_COUNT=2")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=4", "SLURM_ARRAY_TASK_MIN=3", "SLURM_ARRAY_TASK_MAX=5", "SLURM_ARRAY_TASK_COUNT=3")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_MAX=7", "SLURM_ARRAY_TASK_STEP=2", "SLURM_ARRAY_TASK_COUNT=4")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_COUNT=4")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_MAX=4")]
    [InlineData("auto", NotAll, "SLURM_ARRAY_TASK_ID=1")]
    public void Shard_that_is_none_is_refused(string text, string message, params string[] environment) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => Shard.Parse(text, Lookup(environment))).Message);

    [Theory]
    [InlineData("1/2000000000", "--shard 1/2000000000 is none of i/n (i from 1 to n), auto and auto/n.")]
    [InlineData("auto/1000001", "--shard auto/1000001 is one of 1000001 parts, and 1000000 is the most.")]
    public void Parts_without_end_are_refused(string text, string message) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => Shard.Parse(text, Lookup(["SLURM_ARRAY_TASK_ID=1"]))).Message);

    [Fact]
    public void Divisions_that_fit_into_none_of_a_million_pieces_have_no_common_one()
    {
        Assert.Equal(12, Shard.CommonCount([new(1, 4), new(2, 6)]));
        Assert.Equal(1_000_000, Shard.CommonCount([new(1, 1_000_000), new(1, 500_000)]));
        Assert.Null(Shard.CommonCount([new(1, 999_983), new(1, 999_979)]));
        Assert.Null(Shard.CommonCount([new(1, 2_000_000_000)]));
        Assert.Null(TextPart.Parse("hash 1/2000000000 7"));
    }

    [Fact]
    public void Shards_hold_every_piece_once()
    {
        Shard[] shards = [.. Enumerable.Range(1, 3).Select(number => new Shard(number, 3))];

        Assert.All(Enumerable.Range(0, 20), piece => Assert.Single(shards, shard => shard.Holds(piece)));
    }

    [Fact]
    public void Parts_overlap_where_they_hold_the_same_piece()
    {
        Gen.Select(Parts, Parts).Sample((one, other) =>
            Assert.Equal(Enumerable.Range(0, one.Count * other.Count).Any(piece => one.Holds(piece) && other.Holds(piece)), one.Overlaps(other)));
    }

    [Theory]
    [InlineData("1/1", "")]
    [InlineData("1/4 4/4", "2/4 3/4")]
    [InlineData("1/2 2/2", "")]
    [InlineData("1/2 2/4 4/4", "")]
    [InlineData("1/2 2/4", "4/4")]
    [InlineData("2/4 3/6", "1/12 4/12 5/12 7/12 8/12 11/12 12/12")]
    public void Missing_is_what_no_part_holds(string parts, string missing) =>
        Assert.Equal(missing, string.Join(' ', Shard.Missing([.. parts.Split(' ').Select(part => Shard.TryParse(part)!)])));

    private static Gen<Shard> Parts => Gen.Int[1, 12].SelectMany(count => Gen.Int[1, count].Select(number => new Shard(number, count)));

    private static Func<string, string?> Lookup(string[] environment)
    {
        var values = environment.Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => values.GetValueOrDefault(name);
    }
}
