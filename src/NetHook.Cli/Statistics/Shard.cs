using System.Globalization;

namespace NetHook.Cli;

/// <summary>A part of the work: part <paramref name="Number"/> of <paramref name="Count"/>, counted from 1.</summary>
internal sealed record Shard(int Number, int Count)
{
    private const string Auto = "auto";

    public static Shard Whole { get; } = new(1, 1);

    /// <summary>Reads <c>i/n</c>; null where it is something else, or there is no such part.</summary>
    public static Shard? TryParse(string text) =>
        text.Split('/') is [var i, var n] && TryInteger(i) is { } number && TryInteger(n) is { } count && number >= 1 && number <= count
            ? new(number, count)
            : null;

    /// <summary>
    /// Reads <c>i/n</c>; or <c>auto</c>, where a task of a Slurm array says which part it is; or <c>auto/n</c>, where an indexed
    /// job of Kubernetes does, which is not told how many there are.
    /// </summary>
    public static Shard Parse(string text, Func<string, string?> environment)
    {
        if (TryParse(text) is { } given)
            return given;
        int? count = text.Split('/') is [Auto, var n] ? TryInteger(n) : null;
        if (text != Auto && count is null)
            throw new ToolException($"--shard {text} is none of i/n (i from 1 to n), auto and auto/n.");
        Shard shard = FromEnvironment(text, count, environment);
        return shard.Number >= 1 && shard.Number <= shard.Count
            ? shard
            : throw new ToolException($"--shard {text} is part {shard.Number} of {shard.Count} here, which there is not.");
    }

    /// <summary>Whether a piece of the work is of this part.</summary>
    public bool Holds(int piece) => piece % Count == Number - 1;

    public override string ToString() => $"{Number}/{Count}";

    private static Shard FromEnvironment(string text, int? count, Func<string, string?> environment)
    {
        int? Variable(string name) => environment(name) is { Length: > 0 } value
            ? TryInteger(value) ?? throw new ToolException($"{name} is '{value}', which is no number.")
            : null;

        if (Variable("SLURM_ARRAY_TASK_ID") is { } task)
        {
            int number = ((task - (Variable("SLURM_ARRAY_TASK_MIN") ?? 0)) / Math.Max(1, Variable("SLURM_ARRAY_TASK_STEP") ?? 1)) + 1;
            int tasks = Variable("SLURM_ARRAY_TASK_COUNT") ?? count ?? throw new ToolException("SLURM_ARRAY_TASK_COUNT is not set: say the number of parts, --shard auto/n.");
            return count is null || count == tasks
                ? new(number, tasks)
                : throw new ToolException($"--shard {text} asks for {count} parts, and SLURM_ARRAY_TASK_COUNT says {tasks}.");
        }

        if (Variable("JOB_COMPLETION_INDEX") is { } index)
            return new(index + 1, count ?? throw new ToolException("Kubernetes does not say how many parts there are: give the job's completions, --shard auto/n."));
        throw new ToolException($"--shard {text} needs SLURM_ARRAY_TASK_ID (a Slurm array) or JOB_COMPLETION_INDEX (an indexed Kubernetes job), and neither is set.");
    }

    private static int? TryInteger(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
