using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class TensorTreeStructureTests
{
    private readonly Tensor _a = tensor(1f);
    private readonly Tensor _b = tensor(2f);

    public static TheoryData<string> Structures => [.. Makers.Keys];

    private static readonly Dictionary<string, Func<Tensor, Tensor, object>> Makers = new()
    {
        ["value tuple"] = (a, b) => (a, b),
        ["named tuple"] = (a, b) => (hidden: a, cell: b),
        ["nested tuple"] = (a, b) => ((a, 1), (b, "text")),
        ["long tuple"] = (a, b) => (a, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, b),
        ["tuple object"] = (a, b) => Tuple.Create(a, 3, b),
        ["long tuple object"] = (a, b) => new Tuple<Tensor, int, int, int, int, int, int, Tuple<Tensor>>(a, 2, 3, 4, 5, 6, 7, Tuple.Create(b)),
        ["pair"] = (a, b) => KeyValuePair.Create("key", (a, b)),
        ["array"] = (a, b) => new[] { a, b },
        ["jagged array"] = (a, b) => new Tensor[][] { [a], [], [b] },
        ["array of three dimensions"] = (a, b) => new Tensor[,,] { { { a }, { null! } }, { { null! }, { b } } },
        ["array of objects"] = (a, b) => new object?[] { a, null, 3, b },
        ["list"] = (a, b) => new List<Tensor> { a, b },
        ["list of tuples"] = (a, b) => new List<(Tensor, int)> { (a, 1), (b, 2) },
        ["dictionary"] = (a, b) => new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b },
        ["record"] = (a, b) => new Encoded(a, [b], "name"),
        ["derived record"] = (a, b) => new EncodedWithMask(a, [], "name", b),
        ["record struct"] = (a, b) => new Pair(a, b),
        ["read-only record struct"] = (a, b) => new ReadOnlyPair<Tensor>(a, b),
        ["anonymous type"] = (a, b) => new { First = a, Inner = new { Second = b } },
        ["nullable tuple"] = (a, b) => new ReadOnlyPair<(Tensor, Tensor)?>((a, b), null),
    };

    [Theory]
    [MemberData(nameof(Structures))]
    public void Structure_is_rebuilt_with_copies_in_the_same_places(string structure)
    {
        object original = Makers[structure](_a, _b);

        object copy = TensorTree.RecursiveCopy(original, clone: true);

        Assert.IsType(original.GetType(), copy);
        IReadOnlyList<Tensor> tensors = TensorTree.Tensors(copy);
        Assert.Equal([1f, 2f], tensors.Select(t => t.item<float>()));
        Assert.DoesNotContain(tensors, t => ReferenceEquals(t, _a) || ReferenceEquals(t, _b));
        Assert.Equal([_a, _b], TensorTree.Tensors(original), ReferenceEqualityComparer.Instance);
        Assert.Equal(Describe(original), Describe(copy));
    }

    [Fact]
    public void Everything_else_in_a_structure_is_passed_on()
    {
        Device device = torch.device("cpu");
        (int, double, string, DayOfWeek Friday, string?, int?, Tensor?, Device device, ScalarType Float32, DateTime, decimal) original = (1, 2.5, "text", DayOfWeek.Friday, (string?)null, (int?)null, (Tensor?)null, device, ScalarType.Float32, new DateTime(2020, 1, 1), 1m);
        Assert.Equal(original, TensorTree.RecursiveCopy(original, clone: true));
        var numbers = new SortedSet<int> { 1, 2 };
        Assert.Same(numbers, TensorTree.RecursiveCopy(numbers));
        Assert.Null(TensorTree.RecursiveCopy<Tensor[]?>(null));
        Assert.Null(TensorTree.RecursiveCopy<Tensor?>(null));
        Assert.Null(TensorTree.RecursiveCopy<object?>(null));
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public void Structure_declared_as_object_or_interface_is_taken_apart_by_its_own_type(string structure)
    {
        object original = Makers[structure](_a, _b);
        (object? first, object? second) = TensorTree.RecursiveCopy((original, (object)_a));

        Assert.IsType(original.GetType(), first);
        Assert.IsType<Tensor>(second);
        Assert.Same(second, TensorTree.Tensors(first)[0]);
    }

    [Fact]
    public void Read_only_interfaces_and_collection_expressions_are_rebuilt()
    {
        IReadOnlyList<Tensor> several = [_a, _b];
        IEnumerable<Tensor> one = [_a];
        IReadOnlyDictionary<string, Tensor> named = new Dictionary<string, Tensor>(StringComparer.OrdinalIgnoreCase) { ["A"] = _a };

        Assert.Equal(2, TensorTree.RecursiveCopy(several, clone: true)[1].item<float>());
        Assert.NotSame(_a, Assert.Single(TensorTree.RecursiveCopy(one)));
        Assert.Equal(1, TensorTree.RecursiveCopy(named)["a"].item<float>());
    }

    [Fact]
    public void Dictionaries_go_on_comparing_keys_as_before()
    {
        var dictionary = new Dictionary<string, Tensor>(StringComparer.OrdinalIgnoreCase) { ["A"] = _a };
        Assert.True(TensorTree.RecursiveCopy(dictionary).ContainsKey("a"));
    }

    [Fact]
    public void Tensor_that_occurs_twice_is_one_copy_that_occurs_twice()
    {
        (Tensor a, (Tensor b, Tensor c), Tensor[]? d) = TensorTree.RecursiveCopy((_a, (_b, _a), new[] { _a }), clone: true);

        Assert.Same(a, c);
        Assert.Same(a, d[0]);
        Assert.NotSame(a, b);
    }

    [Fact]
    public void List_that_occurs_twice_is_one_copy_that_occurs_twice()
    {
        var list = new List<Tensor> { _a };
        (List<Tensor>? first, object? second) = TensorTree.RecursiveCopy((list, (object)list));

        Assert.Same(first, second);
        Assert.NotSame(list, first);
    }

    [Fact]
    public void Many_tensors_keep_what_is_shared_between_them()
    {
        Tensor[] tensors = Enumerable.Range(0, 100).Select(i => tensor((float)i)).ToArray();
        Tensor[] twice = [.. tensors, .. tensors];

        Tensor[] copy = TensorTree.RecursiveCopy(twice);

        for (int i = 0; i < tensors.Length; i++)
        {
            Assert.Same(copy[i], copy[i + 100]);
            Assert.Equal(i, copy[i].item<float>());
        }
    }

    [Fact]
    public void Parameter_in_a_structure_is_copied_as_a_tensor()
    {
        using var parameter = new Parameter(ones(1));
        (Tensor, object) copy = TensorTree.RecursiveCopy<(Tensor, object)>((parameter, parameter), detach: true);

        Assert.IsType<Tensor>(copy.Item1);
        Assert.Same(copy.Item1, copy.Item2);
    }

    [Fact]
    public void Empty_structures_stay_empty()
    {
        Assert.Empty(TensorTree.RecursiveCopy(Array.Empty<Tensor>()));
        Assert.Equal(default, TensorTree.RecursiveCopy(default(ValueTuple)));
    }

    [Fact]
    public void Mapping_to_itself_keeps_tensors_and_mapping_to_null_drops_them()
    {
        (Tensor _a, Tensor[]) same = TensorTree.Map((_a, new[] { _b }), t => t);
        (Tensor _a, Tensor[]) none = TensorTree.Map((_a, new[] { _b }), _ => null);

        Assert.Same(_a, same.Item1);
        Assert.Same(_b, same.Item2[0]);
        Assert.Null(none._a);
        Assert.Null(Assert.Single(none.Item2));
    }

    [Fact]
    public void Each_tensor_is_visited_once_in_order() =>
        Assert.Equal([_a, _b], TensorTree.Tensors((_a, new object[] { _a, (_b, _a) })), ReferenceEqualityComparer.Instance);

    [Fact]
    public void Free_disposes_every_tensor()
    {
        (Tensor a, Tensor b) = (tensor(1f), tensor(2f));
        TensorTree.Free<object>(new[] { (a, 1), (b, 2) });

        Assert.True(a.IsInvalid);
        Assert.True(b.IsInvalid);
    }

    [Fact]
    public void Recursive_types_are_followed_to_their_end()
    {
        var chain = new Node(_a, new Node(_b, null));
        Node copy = TensorTree.RecursiveCopy(chain, clone: true);

        Assert.Equal(2, copy.Next!.Value.item<float>());
        Assert.NotSame(chain.Next, copy.Next);
    }

    // What a structure looks like apart from the tensors' identity.
    private static string Describe(object? value) => value switch
    {
        null => "null",
        Tensor tensor => $"T{tensor.item<float>()}",
        string text => text,
        System.Runtime.CompilerServices.ITuple tuple => $"({string.Join(",", Enumerable.Range(0, tuple.Length).Select(i => Describe(tuple[i])))})",
        System.Collections.IDictionary map => $"{{{string.Join(",", map.Keys.Cast<object>().Select(key => $"{key}:{Describe(map[key])}"))}}}",
        System.Collections.IEnumerable items => $"[{string.Join(",", items.Cast<object>().Select(Describe))}]",
        _ => string.Join(",", value.GetType().GetProperties().Select(p => $"{p.Name}={(p.PropertyType == typeof(Type) ? "" : Describe(p.GetValue(value)))}")),
    };

    private record Encoded(Tensor Hidden, IReadOnlyList<Tensor> Layers, string Name);

    private sealed record EncodedWithMask(Tensor Hidden, IReadOnlyList<Tensor> Layers, string Name, Tensor Mask) : Encoded(Hidden, Layers, Name);

    private record struct Pair(Tensor First, Tensor Second);

    private readonly record struct ReadOnlyPair<T>(T First, T Second);

    private sealed record Node(Tensor Value, Node? Next);
}
