using System.Collections.Concurrent;
using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using TorchSharp;

namespace NetHook.Benchmarks;

/// <summary>
/// Native tensor handles that one operation leaves alive, as the benchmark itself counted them in its set-up: 0 is
/// what is hoped for, as many as layers is what one capture a layer holds.
/// </summary>
internal sealed class HandlesColumn : IColumn
{
    public static readonly HandlesColumn Instance = new();

    private static readonly ConcurrentDictionary<string, long> Counted = new();

    public string Id => nameof(HandlesColumn);

    public string ColumnName => "Handles kept";

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "Native tensor handles alive after 10 operations more than before";

    /// <summary>Counts what ten operations leave.</summary>
    public static void Count(string key, Action operation)
    {
        operation();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < 10; i++)
            operation();
        Counted[key] = torch.Tensor.TotalCount - before;
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        Counted.TryGetValue(Key(benchmarkCase), out long count) ? count.ToString(CultureInfo.InvariantCulture) : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => Counted.ContainsKey(Key(benchmark)));

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    private static string Key(BenchmarkCase benchmark) =>
        string.Join(" ", [benchmark.Descriptor.WorkloadMethod.Name, .. benchmark.Parameters.Items.Select(item => item.Value?.ToString() ?? "")]);
}
