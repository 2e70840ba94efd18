using System.Globalization;
using System.Text;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// The files of many tasks, merged in groups and then the groups: what docs/statistics.md says of their sizes. The files are copies of one small part,
/// each with the number of another.
/// </summary>
public sealed class MergeTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LanguageModel _model = Speaking.Model();

    /// <summary>10 and 1,000; and as many as NETHOOK_TASKS says, such as 100000.</summary>
    public static TheoryData<int> Tasks => Environment.GetEnvironmentVariable("NETHOOK_TASKS") is { Length: > 0 } tasks
        ? [int.Parse(tasks, CultureInfo.InvariantCulture)]
        : [10, 1_000];

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Merged_statistics_grow_by_a_note_for_each_part(int tasks)
    {
        byte[] part = StatisticsPart(tasks);
        int at = part.AsSpan().IndexOf(Encoding.UTF8.GetBytes($" {1:D6}/")) + 1;

        string whole = Merge(
            tasks,
            number =>
            {
                Encoding.UTF8.GetBytes($"{number:D6}").CopyTo(part, at);
                return part;
            },
            (files, target) =>
            {
                using var merged = StatisticsFile.Merge(files);
                merged.SaveNew(target);
            });

        using var result = StatisticsFile.Load(whole);
        Assert.Equal((true, tasks, 0), (result.IsComplete, result.Parts.Count, result.Missing.Count));
        double more = (double)(new FileInfo(whole).Length - part.Length) / tasks;
        TestContext.Current.SendDiagnosticMessage($"{tasks} parts of statistics: {part.Length} bytes each, {more:F0} more for each part merged");
        Assert.InRange(more, 60, 90);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Merged_traces_are_as_large_as_their_facts(int tasks)
    {
        new CausalTraceJob(_model, [new(Speaking.Prompt, Speaking.Subject)], [StateKind.Hidden, StateKind.Mlp, StateKind.Attention]).Run(_folder["first"]);
        string[] lines = File.ReadAllLines(_folder["first"]);
        string Part(int number) =>
            lines[0].Replace("\"count\":1,", $"\"count\":{tasks},", StringComparison.Ordinal).Replace("[\"1/1\"]", $"[\"{number}/{tasks}\"]", StringComparison.Ordinal) + "\n"
            + lines[1].Replace("{\"fact\":1,", $"{{\"fact\":{number},", StringComparison.Ordinal) + "\n";

        string whole = Merge(tasks, number => Encoding.UTF8.GetBytes(Part(number)), (files, target) => CausalTraceFile.Merge(files).SaveNew(target));

        var result = CausalTraceFile.Load(whole);
        Assert.Equal((true, tasks, 1, 0), (result.IsComplete, result.Facts.Count, result.Parts.Count, result.Missing.Count));
        long header = new FileInfo(whole).Length - Enumerable.Range(1, tasks).Sum(number => (long)lines[1].Length + $"{number}".Length);
        TestContext.Current.SendDiagnosticMessage($"{tasks} parts of traces: {Part(1).Length} bytes each, {new FileInfo(whole).Length} merged");
        Assert.InRange(header, 300, 500);
    }

    private byte[] StatisticsPart(int tasks)
    {
        new StatisticsJob(_model, Corpus.Text(Speaking.Prompt), ["transformer.ln_f"], _ => new RunningMean()).Run(_folder["first"]).Dispose();

        // Leading zeros keep the length: the copies differ in the number alone.
        using (var statistics = LayerStatistics.Load(_folder["first"]))
        {
            statistics.Notes["parts"] = statistics.Notes["parts"].Replace(" 1/1 ", $" {1:D6}/{tasks:D6} ", StringComparison.Ordinal);
            statistics.Save(_folder["part"]);
        }

        return File.ReadAllBytes(_folder["part"]);
    }

    /// <summary>Merges groups of as many files as there are groups, each removed once it is merged, and then the groups.</summary>
    private string Merge(int tasks, Func<int, byte[]> part, Action<string[], string> merge)
    {
        List<string> groups = [];
        foreach (int[] numbers in Enumerable.Range(1, tasks).Chunk((int)Math.Ceiling(Math.Sqrt(tasks))))
        {
            string[] files = [.. numbers.Select(number => _folder[$"part-{number}"])];
            foreach ((int number, string file) in numbers.Zip(files))
                File.WriteAllBytes(file, part(number));
            groups.Add(_folder[$"group-{groups.Count}"]);
            merge(files, groups[^1]);
            foreach (string file in files)
                File.Delete(file);
        }

        merge([.. groups], _folder["whole"]);
        return _folder["whole"];
    }
}
