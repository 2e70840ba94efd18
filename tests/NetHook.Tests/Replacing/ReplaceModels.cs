using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>An adapter around a layer, as LoRA puts one.</summary>
internal sealed class Adapter : nn.Module<Tensor, Tensor>
{
    public readonly nn.Module<Tensor, Tensor> inner;
    public readonly Linear down = nn.Linear(3, 1, hasBias: false);
    public readonly Linear up = nn.Linear(1, 3, hasBias: false);

    public Adapter(nn.Module<Tensor, Tensor> inner)
        : base(nameof(Adapter))
    {
        this.inner = inner;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => inner.call(input) + up.call(down.call(input));
}

/// <summary>Adds a number to its input, so that one sees which layer ran.</summary>
internal sealed class Plus(double number) : nn.Module<Tensor, Tensor>(nameof(Plus))
{
    public override Tensor forward(Tensor input) => input + number;

    public Tensor Twice(Tensor input) => input + (2 * number);
}

/// <summary>One layer, referred to in every way that there is.</summary>
internal sealed class RefersInEveryWay : nn.Module<Tensor, Tensor>
{
    public readonly nn.Module<Tensor, Tensor> layer;
    public readonly nn.Module<Tensor, Tensor>? absent;
    private readonly List<nn.Module<Tensor, Tensor>> _list;
    private readonly nn.Module[] _array;
    private readonly object[,] _grid;
    private readonly Dictionary<string, nn.Module<Tensor, Tensor>> _byName;
    private readonly Dictionary<nn.Module, double> _weights;
    private readonly Dictionary<nn.Module, nn.Module> _pairs;
    private readonly HashSet<nn.Module> _set;
    private readonly (string Name, nn.Module<Tensor, Tensor> Layer) _tuple;
    private readonly List<(int Number, nn.Module<Tensor, Tensor> Layer)> _tuples;
    private readonly List<List<nn.Module<Tensor, Tensor>>> _nested;
    private readonly Wrapped _record;
    private readonly Func<Tensor, Tensor> _closure;
    private readonly Func<Tensor, Tensor> _method;
    private readonly Func<Tensor, Tensor> _self;

    public RefersInEveryWay(nn.Module<Tensor, Tensor> layer)
        : base(nameof(RefersInEveryWay))
    {
        this.layer = Property = layer;
        absent = null;
        _list = [layer, layer];
        _array = [layer];
        _grid = new object[,] { { "text", layer } };
        _byName = new() { ["x"] = layer };
        _weights = new() { [layer] = 1 };
        _pairs = new() { [layer] = layer };
        _set = [layer];
        _tuple = ("tuple", layer);
        _tuples = [(1, layer)];
        _nested = [[layer]];
        _record = new Wrapped(layer);
        _closure = input => layer.call(input);
        _method = layer.forward;
        _self = Own;
        RegisterComponents();
    }

    public nn.Module<Tensor, Tensor> Property { get; }

    /// <summary>How often the number that the layer adds was added.</summary>
    public override Tensor forward(Tensor input)
    {
        Tensor x = Property.call(layer.call(input));
        foreach (nn.Module<Tensor, Tensor> one in _list.Concat(_nested[0]))
            x = one.call(x);
        x = ((nn.Module<Tensor, Tensor>)_grid[0, 1]).call(((nn.Module<Tensor, Tensor>)_array[0]).call(x));
        x = _record.Layer.call(_tuples[0].Layer.call(_tuple.Layer.call(_byName["x"].call(x))));
        x = ((nn.Module<Tensor, Tensor>)_pairs[layer]).call(x);
        return _self(_method(_closure(x))) * _weights[layer] * (_set.Contains(layer) ? 1 : 0);
    }

    private Tensor Own(Tensor input) => layer.call(input);

    internal sealed record Wrapped(nn.Module<Tensor, Tensor> Layer);
}

/// <summary>Fields and lists too narrow for most replacements.</summary>
internal sealed class Narrow : nn.Module<Tensor, Tensor>
{
    public readonly nn.Module<Tensor, Tensor> wide = nn.Linear(3, 3);
    public readonly Linear field;
    public readonly ModuleList<Linear> list = nn.ModuleList(nn.Linear(3, 3), nn.Linear(3, 3));
    public readonly ModuleDict<Linear> byName = nn.ModuleDict(("a", nn.Linear(3, 3)));
    public readonly ReLU activation = nn.ReLU();
    public readonly Plus plus = new(1);
    public readonly nn.Module<Tensor, Tensor> aimed = new Plus(1);
    private readonly Linear[] _again;
    private readonly Func<Tensor, Tensor> _twice;

    public Narrow()
        : base(nameof(Narrow))
    {
        field = (Linear)wide;
        _again = [(Linear)wide];
        _twice = ((Plus)aimed).Twice;
        RegisterComponents();
    }

    public Linear Property { get; } = nn.Linear(3, 3);

    public override Tensor forward(Tensor input) => _twice(_again[0].call(input));
}
