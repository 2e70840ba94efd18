using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Rewriting.Tests;

/// <summary>What must hold for each layer of a model that runs: it is seen, patched, edited and stopped at, and leaves the rest as it was.</summary>
internal static class EveryLayer
{
    /// <summary>Looks at each layer; the layers that ran, in the order of the model.</summary>
    public static IReadOnlyList<string> Check<TResult>(nn.Module model, Func<nn.Module, TResult> run)
    {
        using DisposeScope scope = NewDisposeScope();
        TResult plain = run(model);
        var layers = model.ModuleNames()
            .ToDictionary(layer => layer, layer => (LayerCheck)Activator.CreateInstance(typeof(LayerCheck<>).MakeGenericType(ResultOf(model.GetModule(layer))), layer)!);

        // One pass sees all layers, and one gives each of them back what it returned.
        using (var traces = new TraceDict(model, layers.Keys, new() { Clone = true, History = CallHistory.All }))
        {
            AssertSame(plain, run(model), "traced");
            foreach (Trace trace in traces.Values)
                layers[trace.Layer].Record(trace);
        }

        LayerCheck[] ran = [.. layers.Values.Where(layer => layer.Calls > 0)];
        using (new TraceDict(model, ran.ToDictionary(layer => layer.Name, layer => layer.Patch)))
            AssertSame(plain, run(model), "patched with the layers' own outputs");
        Assert.All(ran, layer => Assert.Equal(layer.Calls, layer.Patched));

        foreach (LayerCheck layer in ran)
        {
            using DisposeScope pass = NewDisposeScope();
            layer.StopsAtEdit(model, () => run(model));
            Assert.True(Tensors(layer.Edit(model, () => run(model))).Any(IsNaN), $"The edit of {layer.Name} changed nothing.");
        }

        using (nn.Module copy = model.DeepCopy())
            AssertSame(plain, run(copy), "copied");
        AssertSame(plain, run(model), "afterwards");
        Assert.Empty(model.ActiveTraces());
        return [.. ran.Select(layer => layer.Name)];
    }

    public static void AssertSame<T>(T expected, T actual, string when)
    {
        (List<Tensor> left, List<Tensor> right) = (Tensors(expected).ToList(), Tensors(actual).ToList());
        Assert.Equal(left.Count, right.Count);
        Assert.All(left.Zip(right), pair => Assert.True(pair.First.Equals(pair.Second), $"Not the same when {when}."));
    }

    public static IEnumerable<Tensor> Tensors(object? value) => value switch
    {
        Tensor tensor => [tensor],
        System.Collections.IEnumerable items => items.Cast<object>().SelectMany(Tensors),
        System.Runtime.CompilerServices.ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(index => Tensors(tuple[index])),
        _ => [],
    };

    private static bool IsNaN(Tensor tensor) => tensor.isnan().any().ToBoolean();

    // Of the type Module<..., TResult> from which a layer derives.
    private static Type ResultOf(nn.Module layer)
    {
        Type type = layer.GetType();
        while (!type.IsGenericType || !type.FullName!.StartsWith("TorchSharp.torch+nn+Module`", StringComparison.Ordinal))
            type = type.BaseType!;
        return type.GetGenericArguments()[^1];
    }
}
