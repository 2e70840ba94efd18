using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Rewriting.Tests;

/// <summary>A layer that is looked at, with what it returned at each call.</summary>
internal abstract class LayerCheck(string name)
{
    public string Name { get; } = name;

    /// <summary>How often it ran.</summary>
    public abstract int Calls { get; }

    /// <summary>How often its own output was given back to it.</summary>
    public int Patched { get; protected set; }

    /// <summary>Gives the layer a copy of what it returned, if it returns the same again.</summary>
    public abstract TraceOptions Patch { get; }

    public abstract void Record(Trace trace);

    /// <summary>A pass that ends at the layer, whose output is edited there: what was kept is the edit's.</summary>
    public abstract void StopsAtEdit(nn.Module model, Action run);

    /// <summary>A pass in which the layer gives no numbers.</summary>
    public abstract TResult Edit<TResult>(nn.Module model, Func<TResult> run);
}

/// <inheritdoc/>
internal sealed class LayerCheck<T>(string name) : LayerCheck(name)
{
    private List<T> _outputs = [];

    public override int Calls => _outputs.Count;

    public override TraceOptions Patch => new() { EditOutput = PatchNext };

    public override void Record(Trace trace) => _outputs = [.. trace.Calls.Select(call => call.OutputAs<T>())];

    public override void StopsAtEdit(nn.Module model, Action run)
    {
        int seen = 0;
        T Edit(T output)
        {
            EveryLayer.AssertSame(_outputs[0], output, $"{Name} ran before its edit");
            seen++;
            return NotANumber(output);
        }

        using var trace = new Trace(model, Name, new() { Stop = true, EditOutput = Edit });
        trace.Run(() =>
        {
            run();
            Assert.Fail($"The pass went on after {Name}.");
        });
        Assert.Equal(1, seen);
        Assert.All(EveryLayer.Tensors(trace.OutputAs<T>()), tensor => Assert.True(tensor.isnan().all().ToBoolean()));
    }

    public override TResult Edit<TResult>(nn.Module model, Func<TResult> run)
    {
        using var trace = new Trace(model, Name, new() { RetainOutput = false, EditOutput = (T output) => NotANumber(output) });
        return trace.Run(run)!;
    }

    private T PatchNext(T output)
    {
        EveryLayer.AssertSame(_outputs[Patched], output, $"all that runs before {Name} was patched with its own output");
        return TensorTree.RecursiveCopy(_outputs[Patched++], clone: true);
    }

    private static T NotANumber(T output)
    {
        T copy = TensorTree.RecursiveCopy(output, clone: true);
        foreach (Tensor tensor in EveryLayer.Tensors(copy))
            tensor.fill_(double.NaN);
        return copy;
    }
}
