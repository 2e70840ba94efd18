using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using NetHook.Benchmarks;
using NetHook.Interpretability;
using Perfolizer.Horology;

// One thread, so that the numbers are those of the hooks and not of the scheduler. In this process, because a
// generated project would link libtorch anew for each benchmark.
TorchSharp.torch.set_num_threads(1);
if (args.Contains("--compare"))
{
    Comparison.Print();
    return 0;
}

if (args is ["--stress", string rounds])
    return Stress.Run(int.Parse(rounds, System.Globalization.CultureInfo.InvariantCulture));

if (args is ["--gpt2", string folder])
{
    // Saved beside the vocabulary that gpt2-124m.sh puts there.
    using var weights = new TorchSharp.torch.Generator(1);
    using var gpt2 = new Gpt2(new Gpt2Config(), generator: weights);
    gpt2.SavePretrained(folder);
    return 0;
}

bool quick = args.Contains("--quick");
Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithId("NetHook");
job = quick ? job.WithWarmupCount(3).WithIterationCount(7).WithIterationTime(TimeInterval.FromMilliseconds(100)) : job.WithWarmupCount(5).WithIterationCount(12);
ManualConfig config = ManualConfig.CreateEmpty()
    .AddJob(job)
    .AddLogger(ConsoleLogger.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddColumn(HandlesColumn.Instance)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddExporter(MarkdownExporter.GitHub)
    .WithOptions(ConfigOptions.DisableOptimizationsValidator);
BenchmarkSwitcher.FromAssembly(typeof(CallBenchmarks).Assembly).Run([.. args.Where(arg => arg != "--quick")], config);
return 0;
