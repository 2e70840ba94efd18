using System.Globalization;
using NetHook.Interpretability;
using NetHook.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Runs each operation that takes a number again and again, beside busy threads and a collector that never rests.</summary>
internal static class Stress
{
    /// <returns>The exit code: 0 if every result was right.</returns>
    public static int Run(int rounds)
    {
        int wrong = 0;
        using var model = LanguageModel.Bundled();
        foreach ((string name, Func<Tensor> operation) in NumberOperations.All.Concat(OfModels(model)))
        {
            string? found = NumberOperations.Stress(operation, rounds, Environment.ProcessorCount);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {found ?? $"right {rounds:N0} times"}"));
            wrong += found is null ? 0 : 1;
        }

        return wrong == 0 ? 0 : 1;
    }

    private static Dictionary<string, Func<Tensor>> OfModels(LanguageModel model)
    {
        Tensor tokens = tensor(new long[] { 1, 2 }, 1, 2).DetachFromDisposeScope();
        return new()
        {
            ["a pass of the bundled model"] = () => model.Model.call(tokens),
        };
    }
}
