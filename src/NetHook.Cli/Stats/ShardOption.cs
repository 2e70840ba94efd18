using System.CommandLine;
using System.Globalization;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--shard i/n</c>: which part of a text is read, as said or as the environment of a cluster says.</summary>
internal sealed class ShardOption : Option<string>
{
    private const string Auto = "auto";
    private const int MostListed = 8;

    public ShardOption()
        : base("--shard")
    {
        HelpName = "i/n";
        Description = "Do part i of n, counted from 1. 'auto/n' takes i from the environment: see below.";
    }

    /// <summary>The part asked for; the whole text if none is.</summary>
    public Shard Of(ParseResult arguments) =>
        arguments.GetValue(this) is { } text ? Parse(text, Environment.GetEnvironmentVariable) : Shard.Whole;

    /// <summary>
    /// Reads <c>i/n</c>; or <c>auto/n</c>, where a task of a Slurm array or of an indexed Kubernetes job says which part it is;
    /// or <c>auto</c>, where a Slurm array of the tasks 1 to n says how many there are as well.
    /// </summary>
    public static Shard Parse(string text, Func<string, string?> environment)
    {
        if (Shard.TryParse(text) is { } given)
            return given;
        int? count = text.Split('/') is [Auto, var n] ? TryInteger(n) : null;
        if (text != Auto && count is null)
            throw new ToolException($"--shard {text} is none of i/n (i from 1 to n), auto and auto/n.");
        Shard shard = FromEnvironment(text, count, environment);
        if (shard.Count > Shard.MostParts)
            throw new ToolException($"--shard {text} is one of {shard.Count} parts, and {Shard.MostParts} is the most.");
        return shard.Number >= 1 && shard.Number <= shard.Count
            ? shard
            : throw new ToolException($"--shard {text} is part {shard.Number} of {shard.Count} here, which there is not.");
    }

    /// <summary>Parts for a message: "2/4, 3/4".</summary>
    public static string List(IReadOnlyCollection<Shard> parts) =>
        string.Join(", ", parts.Take(MostListed)) + (parts.Count > MostListed ? $" and {Figures.Count(parts.Count - MostListed)} more" : "");

    private static Shard FromEnvironment(string text, int? count, Func<string, string?> environment)
    {
        int? Variable(string name) => environment(name) is { Length: > 0 } value
            ? TryInteger(value) ?? throw new ToolException($"{name} is '{value}', which is no number.")
            : null;

        if (Variable("SLURM_ARRAY_TASK_ID") is { } task)
        {
            // A task that is run again later is of another, smaller array: its number alone says the same both times.
            int? first = Variable("SLURM_ARRAY_TASK_MIN"), last = Variable("SLURM_ARRAY_TASK_MAX"), tasks = Variable("SLURM_ARRAY_TASK_COUNT");
            if (first == 0 || task == 0)
                throw new ToolException("The array's tasks are counted from 0, and parts from 1: number the tasks 1 to n, sbatch --array=1-n.");
            if (count is null && (first != 1 || last is null || last != tasks))
                throw new ToolException("--shard auto needs a Slurm array of the tasks 1 to n, and this one is not, or does not say so. Where only some of the tasks run, say how many parts there are: --shard auto/n.");
            return new(task, count ?? tasks!.Value);
        }

        if (Variable("JOB_COMPLETION_INDEX") is { } index)
            return new(index + 1, count ?? throw new ToolException("Kubernetes does not say how many parts there are: give the job's completions, --shard auto/n."));
        throw new ToolException($"--shard {text} needs SLURM_ARRAY_TASK_ID (a Slurm array) or JOB_COMPLETION_INDEX (an indexed Kubernetes job), and neither is set.");
    }

    private static int? TryInteger(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
