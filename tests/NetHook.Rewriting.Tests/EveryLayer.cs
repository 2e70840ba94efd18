using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Rewriting.Tests;

/// <summary>What must hold for each layer of a model that runs: it is seen, stopped at, patched and edited, and leaves the rest as it was.</summary>
internal static class EveryLayer
{
    /// <summary>Looks at each layer; the layers that ran, in the order of the model.</summary>
    public static IReadOnlyList<string> Check<TResult>(nn.Module model, Func<nn.Module, TResult> run)
    {
        using DisposeScope scope = NewDisposeScope();
        TResult? plain = run(model);
        var layers = model.ModuleNames("**").Where(layer => ResultOf(model.GetModule(layer)) is not null).ToList();
        List<string> ran;
        using (var traces = new TraceDict(model, layers))
        {
            AssertSame(plain, run(model), "traced");
            ran = [.. layers.Where(layer => traces[layer].CallCount > 0)];
        }

        foreach (string layer in ran)
        {
            MethodInfo check = typeof(EveryLayer).GetMethod(nameof(CheckLayer), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!;
            check.MakeGenericMethod(ResultOf(model.GetModule(layer))!, typeof(TResult)).Invoke(null, [model, layer, run, plain]);
        }

        using (nn.Module copy = model.DeepCopy())
            AssertSame(plain, run(copy), "copied");
        AssertSame(plain, run(model), "afterwards");
        Assert.Empty(model.ActiveTraces());
        return ran;
    }

    public static void AssertSame<T>(T expected, T actual, string when)
    {
        (List<Tensor>? left, List<Tensor>? right) = (Tensors(expected).ToList(), Tensors(actual).ToList());
        Assert.Equal(left.Count, right.Count);
        Assert.All(left.Zip(right), pair => Assert.True(pair.First.Equals(pair.Second), $"Not the same when {when}."));
    }

    private static void CheckLayer<T, TResult>(nn.Module model, string layer, Func<nn.Module, TResult> run, TResult plain)
    {
        using DisposeScope scope = NewDisposeScope();
        List<T> outputs;
        using (var recorded = new Trace(model, layer, new() { Clone = true, History = CallHistory.All }))
        {
            run(model);
            outputs = [.. recorded.Calls.Select(call => call.OutputAs<T>())];
        }

        using (var stopped = new Trace(model, layer, new() { Stop = true, Clone = true }))
        {
            stopped.Run(() => run(model));
            AssertSame(outputs[0], stopped.OutputAs<T>(), $"stopped at {layer}");
        }

        int calls = 0;
        using (new Trace(model, layer, new() { EditOutput = (T _) => TensorTree.RecursiveCopy(outputs[calls++], clone: true) }))
            AssertSame(plain, run(model), $"{layer} was patched with its own output");
        Assert.Equal(outputs.Count, calls);
    }

    // Of the type Module<..., TResult> from which a layer derives; a holder of layers has none.
    private static Type? ResultOf(nn.Module layer)
    {
        for (Type? type = layer.GetType(); type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.FullName!.StartsWith("TorchSharp.torch+nn+Module`", StringComparison.Ordinal))
                return type.GetGenericArguments()[^1];
        }

        return null;
    }

    private static IEnumerable<Tensor> Tensors(object? value) => value switch
    {
        Tensor tensor => [tensor],
        System.Collections.IEnumerable items => items.Cast<object>().SelectMany(Tensors),
        System.Runtime.CompilerServices.ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(index => Tensors(tuple[index])),
        _ => [],
    };
}
