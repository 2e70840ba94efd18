using System.Collections.Concurrent;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

internal abstract class BaseNet(string name) : Module<Tensor, Tensor>(name)
{
    private readonly Linear _inBase = Linear(3, 3);

    private readonly double _scale = 0.5;

    protected Tensor RunBase(Tensor input) => _inBase.call(input) * _scale;
}

/// <summary>Layers in every place where a class can keep one.</summary>
internal sealed class KeepsLayersEverywhere : BaseNet
{
    public Linear field = Linear(3, 3);
    public readonly Linear readOnly = Linear(3, 3);
    public readonly Linear? absent = null;
    private readonly List<Module<Tensor, Tensor>> _list = [Linear(3, 3), Tanh()];
    private readonly Module<Tensor, Tensor>[] _array = [Linear(3, 3), Sigmoid()];
    private readonly Linear[,] _grid = { { Linear(3, 3), Linear(3, 3) } };
    private readonly Dictionary<string, Linear> _byName = new(StringComparer.OrdinalIgnoreCase) { ["A"] = Linear(3, 3) };
    private readonly Dictionary<Module, string> _names;
    private readonly ConcurrentDictionary<int, Linear> _byNumber = new() { [7] = Linear(3, 3) };
    private readonly HashSet<Module> _frozen;
    private readonly (Linear Layer, string Name) _tuple = (Linear(3, 3), "tuple");
    private readonly Tuple<Linear, int> _classTuple = Tuple.Create(Linear(3, 3), 2);
    private readonly Choice _choice = new(Linear(3, 3), Mode.Doubled);
    private readonly Func<Tensor, Tensor> _lambda;
    private readonly Func<Tensor, Tensor> _method;
    private readonly Action<Tensor>? _combined;
    private readonly Lock _lock = new();
    private readonly object _gate = new();
    private readonly Random _random = new(3);

    public KeepsLayersEverywhere()
        : base(nameof(KeepsLayersEverywhere))
    {
        Property = Linear(3, 3);
        Linear captured = Linear(3, 3);
        _lambda = input => captured.call(input) + field.call(input);
        _method = readOnly.forward;
        _combined = _ => Seen++;
        _combined += _ => Seen += 10;
        _names = new Dictionary<Module, string> { [field] = "field", [readOnly] = "read only" };
        _frozen = [field];
        RegisterComponents();
    }

    public Linear Property { get; }

    public int Seen { get; private set; }

    public override Tensor forward(Tensor input)
    {
        lock (_lock)
        {
            lock (_gate)
                return RunAll(input);
        }
    }

    private Tensor RunAll(Tensor input)
    {
        Tensor x = RunBase(input) + field.call(input) + readOnly.call(input) + Property.call(input);
        foreach (Module<Tensor, Tensor> layer in _list.Concat(_array))
            x = layer.call(x);
        x = _grid[0, 1].call(_grid[0, 0].call(x)) + _byName["a"].call(x) + _byNumber[7].call(x);
        x = _tuple.Layer.call(_classTuple.Item1.call(x)) * _classTuple.Item2;
        x = _choice.Layer.call(x) * (_choice.Mode == Mode.Doubled ? 2 : 1);
        x = _lambda(x) + _method(x) + (absent?.call(x) ?? 0 * x) + _random.NextDouble();
        _combined?.Invoke(x);
        return x * _names[field].Length * (_frozen.Contains(field) ? 1 : 0);
    }
}

/// <summary>One of a few objects, told apart by reference.</summary>
internal sealed class Mode
{
    public static readonly Mode Doubled = new();

    private Mode()
    {
    }
}

internal sealed record Choice(Linear Layer, Mode Mode);

/// <summary>A layer under two names, a weight in two layers, and a parameter with a second handle.</summary>
internal sealed class Tied : Module<Tensor, Tensor>
{
    public readonly Linear one = Linear(3, 3);
    public readonly Linear again;
    public readonly Linear other = Linear(3, 3);
    public readonly Embedding rows = Embedding(3, 3);
    public readonly Linear head = Linear(3, 3, hasBias: false);
    private readonly Tensor _handle;

    public Tied()
        : base(nameof(Tied))
    {
        again = one;
        other.bias = one.bias!;
        head.weight = rows.weight!;
        _handle = one.weight.alias().DetachFromDisposeScope();
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        head.call(again.call(other.call(one.call(input)))) + rows.call(tensor([0L, 1])).sum() + _handle.sum();
}

/// <summary>Parameters and buffers of every kind.</summary>
internal sealed class KeepsTensors : Module<Tensor, Tensor>
{
    public readonly Parameter frozen = Parameter(randn(3), requires_grad: false);
    public readonly Parameter precise = Parameter(randn([3], float64));
    public readonly ParameterList list = ParameterList(Parameter(randn(3)), Parameter(randn(3)));
    public readonly ParameterDict byName = ParameterDict(("z", Parameter(randn(3))), ("a", Parameter(randn(3))));
    public readonly Parameter transposed = Parameter(randn(4, 3).t());
    private readonly Tensor _nowhere = randn(3);
    private readonly Parameter _upper;
    private readonly Parameter _lower;
    private readonly Tensor _expanded = randn(1).expand(3);

    public KeepsTensors()
        : base(nameof(KeepsTensors))
    {
        Tensor storage = randn(2, 3);
        _upper = Parameter(storage[0]);
        _lower = Parameter(storage[1]);
        register_buffer("mask", tensor([true, false, true]));
        register_buffer("scratch", randn(3, float16), persistent: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        (input * frozen * list[0] + list[1] + byName["z"] * byName["a"] + precise.to(float32) + _nowhere + _expanded + _upper * _lower)
        .masked_fill(get_buffer("mask")!, 0.5) + get_buffer("scratch")!.to(float32) + transposed.sum(1);
}

/// <summary>A Sequential that runs its layers twice, and one of its own besides.</summary>
internal sealed class Twice : Sequential
{
    private readonly Linear _extra = Linear(3, 3);

    public Twice()
        : base(("a", Linear(3, 3)), ("b", Tanh()))
    {
    }

    public override Tensor forward(Tensor input) => base.forward(base.forward(_extra.call(input)));
}

internal sealed class Sum : Sequential<Tensor, Tensor, Tensor>
{
    public Sum()
        : base(("left", Linear(3, 2)), ("right", Linear(3, 2)))
    {
    }

    public override Tensor forward(Tensor left, Tensor right) =>
        ((Module<Tensor, Tensor>)this[0]).call(left) + ((Module<Tensor, Tensor>)this[1]).call(right);
}

/// <summary>A child that knows its parent.</summary>
internal sealed class KnowsParent : Module<Tensor, Tensor>
{
    public readonly Child child;
    private readonly Linear _linear = Linear(3, 3);

    public KnowsParent()
        : base(nameof(KnowsParent))
    {
        child = new Child(this);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => child.call(_linear.call(input));

    internal sealed class Child(KnowsParent parent) : Module<Tensor, Tensor>(nameof(Child))
    {
        private readonly WeakLink _link = new(parent);

        public KnowsParent Parent => _link.Parent;

        public override Tensor forward(Tensor input) => input + Parent._linear.weight.sum();
    }

    /// <summary>Not a module, so that TorchSharp does not register the parent with its child.</summary>
    private sealed class WeakLink(KnowsParent parent)
    {
        public KnowsParent Parent { get; } = parent;
    }
}

/// <summary>Keeps a function that calls itself, and a pair of functions that hold the pair.</summary>
internal sealed class CallsItself : Module<Tensor, Tensor>
{
    public readonly Linear linear = Linear(3, 3);
    private readonly Action _pair;

    public CallsItself()
        : base(nameof(CallsItself))
    {
        Func<Tensor, int, Tensor> step = null!;
        step = (input, times) => times == 0 ? input : step(linear.call(input), times - 1);
        (Step, Inner) = (step, () => step);
        Action pair = null!;
        pair = () => Seen += pair.GetInvocationList().Length;
        pair += () => Seen += 10 * pair.GetInvocationList().Length;
        _pair = pair;
        RegisterComponents();
    }

    public Func<Tensor, int, Tensor> Step { get; }

    public Func<Delegate> Inner { get; }

    public int Seen { get; private set; }

    public override Tensor forward(Tensor input)
    {
        Seen = 0;
        _pair();
        return Step(input, 2) * Seen;
    }
}
