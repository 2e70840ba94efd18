using System.Diagnostics;
using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>
/// What <c>bench/compare.py</c> measures of the original, measured of NetHook in the same way: microseconds, the best
/// of several rounds, one line each.
/// </summary>
internal static class Comparison
{
    private const int Layers = 64;

    public static void Print()
    {
        using IDisposable quiet = no_grad();
        using Sequential net = nn.Sequential([.. Enumerable.Range(0, Layers).Select(_ => (nn.Module<Tensor, Tensor>)nn.Identity())]);
        IReadOnlyList<string> names = net.ModuleNames();
        Tensor x = randn(1, 16);
        void Pass() => net.call(x).Dispose();

        // What is not yet compiled in full is compiled first.
        Best(Pass, 20_000, 3);
        double plain = Best(Pass, 100, 20);
        double Traced(TraceOptions options)
        {
            using var traces = new TraceDict(net, names, options);
            Best(Pass, 5_000, 2);
            return (Best(Pass, 100, 20) - plain) / Layers;
        }

        Row("capture, per layer", Traced(new()));
        Row("capture with clone, per layer", Traced(new() { Clone = true }));
        Row("capture with clone and detach, per layer", Traced(new() { Clone = true, Detach = true }));
        Row("edit, per layer", Traced(new() { RetainOutput = false, EditOutput = (Tensor output, string layer) => output }));

        foreach (int count in new[] { 10, 100, 1000 })
        {
            using Sequential big = nn.Sequential([.. Enumerable.Range(0, count).Select(_ => (nn.Module<Tensor, Tensor>)nn.Identity())]);
            IReadOnlyList<string> many = big.ModuleNames();
            Row($"create and dispose, {count} layers, per layer", Best(() => new TraceDict(big, many).Dispose(), 10, 20) / count);
        }

        using Sequential cheap = nn.Sequential(("0", nn.Identity()));
        Row("create, stop and dispose", Best(
            () =>
            {
                using var trace = new Trace(cheap, "0", new() { Stop = true });
                trace.Run(() => cheap.call(x));
            },
            100,
            20));

        using Sequential linear = nn.Sequential([.. Enumerable.Range(0, 16).Select(_ => (nn.Module<Tensor, Tensor>)nn.Linear(1024, 1024))]);
        Row("deep copy of 64 MB", Best(() => linear.DeepCopy().Dispose(), 1, 10));
    }

    private static void Row(string name, double microseconds) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}\t{microseconds:F4}"));

    private static double Best(Action operation, int repeats, int rounds)
    {
        double best = double.PositiveInfinity;
        for (int round = -1; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
                operation();
            if (round >= 0)
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / repeats);
        }

        return best;
    }
}
