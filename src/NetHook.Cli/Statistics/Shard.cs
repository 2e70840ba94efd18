using System.Globalization;
using System.Numerics;

namespace NetHook.Cli;

/// <summary>A part of the work: part <paramref name="Number"/> of <paramref name="Count"/>, counted from 1.</summary>
internal sealed record Shard(int Number, int Count)
{
    private const string Auto = "auto";
    private const int MostListed = 8;

    /// <summary>Into how many pieces a text may be divided. A file of statistics may say any number.</summary>
    public const int MostParts = 1_000_000;

    public static Shard Whole { get; } = new(1, 1);

    /// <summary>Reads <c>i/n</c>; null where it is something else, or there is no such part.</summary>
    public static Shard? TryParse(string text) =>
        text.Split('/') is [var i, var n] && TryInteger(i) is { } number && TryInteger(n) is { } count && number >= 1 && number <= count && count <= MostParts
            ? new(number, count)
            : null;

    /// <summary>
    /// Reads <c>i/n</c>; or <c>auto/n</c>, where a task of a Slurm array or of an indexed Kubernetes job says which part it is;
    /// or <c>auto</c>, where a Slurm array of the tasks 1 to n says how many there are as well.
    /// </summary>
    public static Shard Parse(string text, Func<string, string?> environment)
    {
        if (TryParse(text) is { } given)
            return given;
        int? count = text.Split('/') is [Auto, var n] ? TryInteger(n) : null;
        if (text != Auto && count is null)
            throw new ToolException($"--shard {text} is none of i/n (i from 1 to n), auto and auto/n.");
        Shard shard = FromEnvironment(text, count, environment);
        if (shard.Count > MostParts)
            throw new ToolException($"--shard {text} is one of {shard.Count} parts, and {MostParts} is the most.");
        return shard.Number >= 1 && shard.Number <= shard.Count
            ? shard
            : throw new ToolException($"--shard {text} is part {shard.Number} of {shard.Count} here, which there is not.");
    }

    /// <summary>Whether a piece of the work is of this part.</summary>
    public bool Holds(int piece) => piece % Count == Number - 1;

    /// <summary>Whether a piece of the work, were it long enough, is of both parts; they may be of different divisions.</summary>
    public bool Overlaps(Shard other) => (Number - other.Number) % (int)BigInteger.GreatestCommonDivisor(Count, other.Count) == 0;

    /// <summary>The least division that all of the parts' fit into; null if it is of more than <see cref="MostParts"/>.</summary>
    public static int? CommonCount(IEnumerable<Shard> parts)
    {
        long count = 1;
        foreach (Shard part in parts)
        {
            count = count / (long)BigInteger.GreatestCommonDivisor(count, part.Count) * part.Count;
            if (count > MostParts)
                return null;
        }

        return (int)count;
    }

    /// <summary>What is in none of the parts, in a division that all of theirs fit into.</summary>
    public static IEnumerable<Shard> Missing(IReadOnlyCollection<Shard> parts)
    {
        int count = CommonCount(parts) ?? throw new ArgumentOutOfRangeException(nameof(parts));
        return Enumerable.Range(0, count).Where(piece => !parts.Any(part => part.Holds(piece))).Select(piece => new Shard(piece + 1, count));
    }

    /// <summary>Parts for a message: "2/4, 3/4".</summary>
    public static string List(IReadOnlyCollection<Shard> parts) =>
        string.Join(", ", parts.Take(MostListed)) + (parts.Count > MostListed ? $" and {Figures.Count(parts.Count - MostListed)} more" : "");

    public override string ToString() => $"{Number}/{Count}";

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
