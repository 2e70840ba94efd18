using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

internal static class Models
{
    /// <summary>Linear(3,4) "a", in-place ReLU "b", Linear(4,2) "c".</summary>
    public static Sequential Small() => nn.Sequential(("a", nn.Linear(3, 4)), ("b", nn.ReLU(inplace: true)), ("c", nn.Linear(4, 2)));

    /// <summary>A layer from a function.</summary>
    public static nn.Module<Tensor, Tensor> Layer(Func<Tensor, Tensor> forward) => new FunctionLayer(forward);

    private sealed class FunctionLayer(Func<Tensor, Tensor> function) : nn.Module<Tensor, Tensor>("FunctionLayer")
    {
        public override Tensor forward(Tensor input) => function(input);
    }
}

/// <summary>A model of the kind torchvision has: children in fields, a dispose scope around the forward.</summary>
internal sealed class ScopedNet : nn.Module<Tensor, Tensor>
{
    public readonly Linear first = nn.Linear(3, 4);
    public readonly Sequential body = nn.Sequential(("relu", nn.ReLU()), ("linear", nn.Linear(4, 4)));
    public readonly Linear unused = nn.Linear(4, 4);

    public ScopedNet()
        : base(nameof(ScopedNet)) => RegisterComponents();

    public bool Fail { get; set; }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = first.call(input);
        if (Fail)
            throw new InvalidOperationException("the model's own failure");
        return body.call(hidden).MoveToOuterDisposeScope();
    }
}

internal sealed class Two : nn.Module<Tensor, Tensor, Tensor>
{
    public Two()
        : base(nameof(Two))
    {
    }

    public override Tensor forward(Tensor a, Tensor b) => a + b;
}

internal sealed class Three : nn.Module<Tensor, Tensor, int, Tensor>
{
    public Three()
        : base(nameof(Three))
    {
    }

    public override Tensor forward(Tensor a, Tensor b, int times) => (a + b) * times;
}

internal sealed class Four : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor>
{
    public Four()
        : base(nameof(Four))
    {
    }

    public override Tensor forward(Tensor a, Tensor b, Tensor c, Tensor d) => a + b + c + d;
}

internal sealed class Five : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>
{
    public Five()
        : base(nameof(Five))
    {
    }

    public override Tensor forward(Tensor a, Tensor b, Tensor c, Tensor d, Tensor e) => a + b + c + d + e;
}

internal sealed class Six : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, bool, (Tensor Sum, Tensor Last)>
{
    public Six()
        : base(nameof(Six))
    {
    }

    public override (Tensor Sum, Tensor Last) forward(Tensor a, Tensor b, Tensor c, Tensor d, Tensor e, bool minus) =>
        (minus ? a + b + c + d - e : a + b + c + d + e, e.alias());
}

/// <summary>Returns what it is told to return.</summary>
internal sealed class Returns<T>(Func<Tensor, T> make) : nn.Module<Tensor, T>("Returns")
{
    public override T forward(Tensor input) => make(input);
}
