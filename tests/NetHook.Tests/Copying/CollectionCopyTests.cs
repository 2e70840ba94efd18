using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Collections that a program derives, or gets from .NET without a name for their types.</summary>
public class CollectionCopyTests
{
    [Fact]
    public void Classes_that_derive_from_what_hashes_are_copied_with_their_own_fields()
    {
        Key one = new("one"), two = new("two");
        object[] things =
        [
            new Table { [1] = one }, new Ordered { [two] = 2, [one] = 1 }, new Concurrent { [one] = [two] }, new Set { one, two }, new ByName { one, two },
            new Table(StringComparer.Ordinal) { [7] = two },
        ];
        object[] copies = Copy(things);

        var table = (Table)copies[0];
        Assert.NotSame(things[0], table);
        Assert.NotSame(one, table[1]);
        Assert.Equal("tag", table.Tag.Name);
        Assert.NotSame(((Table)things[0]).Tag, table.Tag);
        var ordered = (Ordered)copies[1];
        Assert.Equal([2, 1], ordered.Values);
        Assert.Equal(1, ordered[(Key)table[1]]);
        Assert.Equal("two", ((Concurrent)copies[2])[(Key)table[1]].Single().Name);
        Assert.Contains((Key)table[1], (Set)copies[3]);
        Assert.Equal(2, ((Set)copies[3]).Count);
        Assert.Same(table[1], ((ByName)copies[4])["one"]);
        ((Table)copies[5]).Add(8, one);
        Assert.Single((Table)things[5]);
    }

    [Fact]
    public void Iterators_of_linq_are_copied_and_give_copies()
    {
        List<Key> keys = [new("a"), new("b"), new("c")];
        object[] things =
        [
            keys, keys.Select(key => key), keys.Where(key => key.Name != "b"), keys.Skip(1), keys.Concat(keys).Take(4), keys.Append(keys[0]), keys.OrderByDescending(key => key.Name),
            Enumerable.Range(1, 3).Select(i => keys[i - 1]), keys.Distinct(), keys.AsEnumerable().Reverse(), keys.GroupBy(key => key.Name).Select(group => group.First()), keys.Zip(keys).Select(pair => pair.First),
        ];
        object[] copies = Copy(things);

        var copied = (List<Key>)copies[0];
        foreach ((object original, object copy) in things.Zip(copies).Skip(1))
        {
            Assert.NotSame(original, copy);
            Assert.Equal(((IEnumerable<Key>)original).Select(key => copied[keys.IndexOf(key)]), (IEnumerable<Key>)copy);
        }
    }

    [Fact]
    public void Views_of_a_dictionary_and_immutable_sorted_collections_are_copied()
    {
        Dictionary<string, Key> names = new() { ["a"] = new("a") };
        object[] things = [names, names.Keys, names.Values, ImmutableStack.Create(names["a"]), ImmutableQueue.Create(names["a"]), ImmutableSortedDictionary<string, Key>.Empty.Add("a", names["a"])];
        object[] copies = Copy(things);

        Key copied = ((Dictionary<string, Key>)copies[0])["a"];
        Assert.NotSame(names["a"], copied);
        Assert.Equal(["a"], (Dictionary<string, Key>.KeyCollection)copies[1]);
        Assert.Same(copied, Assert.Single((Dictionary<string, Key>.ValueCollection)copies[2]));
        Assert.Same(copied, ((ImmutableStack<Key>)copies[3]).Peek());
        Assert.Same(copied, ((ImmutableQueue<Key>)copies[4]).Peek());
        Assert.Same(copied, ((ImmutableSortedDictionary<string, Key>)copies[5])["a"]);
    }

    [Fact]
    public void Advice_names_a_type_that_a_program_can_write()
    {
        Advises(Stream.Null, typeof(Stream), "Stream");
        Advises(new List<Stream> { Stream.Null }, typeof(Stream), "Stream");
        Advises(new Hashed(), typeof(Hashed), "Hashed");
        Advises(new Hashtable(), typeof(Hashtable), "Hashtable");
        Advises(System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(new Dictionary<string, Key> { ["a"] = new("a") }), typeof(System.Collections.Frozen.FrozenDictionary<string, Key>), "FrozenDictionary<string, Key>");
        Advises(new Dictionary<int, Key>.Enumerator(), typeof(Holder), "Holder");
        Advises(((IEnumerable)new Hashtable { [1] = 2 }.Keys), typeof(ICollection), "ICollection", exact: false);
    }

    [Fact]
    public void An_open_dispose_scope_is_refused_and_a_disposed_one_is_no_obstacle()
    {
        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < 50; i++)
            _ = ones(2);
        using var model = new Holder { Thing = scope };
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => model.DeepCopy());

        Assert.Equal("it is to dispose tensors of the original, and a copy of it would dispose them too; dispose it first, or hold the tensors in fields instead", refused.Reason);
        Assert.Equal((".Thing", before), (refused.Place, DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        scope.Dispose();
        using Holder copy = model.DeepCopy();
        Assert.Same(scope, copy.Thing);
    }

    private static object[] Copy(object[] things)
    {
        using var model = new Holder { Thing = things };
        using Holder copy = model.DeepCopy();
        return (object[])copy.Thing!;
    }

    private static void Advises(object thing, Type type, string name, bool exact = true)
    {
        using var model = new Holder { Thing = thing };
        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => model.DeepCopy());
        if (exact)
            Assert.Equal(type, refused.RegistrableType);
        Assert.EndsWith(exact ? $"ModuleCopiers.Register<{name}>((original, context) => ...)." : "((original, context) => ...).", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.RegistrableType.IsValueType);
    }

    // What never changes would be shared.
    private sealed class Key(string name)
    {
        public string Name { get; set; } = name;
    }

    private sealed class Table : Dictionary<int, object>
    {
        public Table()
        {
        }

        public Table(object tag) => Tag = new(tag.ToString()!);

        public Key Tag { get; } = new("tag");
    }

    private sealed class Ordered : SortedOrder<int>;

    private class SortedOrder<T> : OrderedDictionary<Key, T>;

    private sealed class Concurrent : ConcurrentDictionary<Key, List<Key>>;

    private sealed class Set : HashSet<Key>;

    private sealed class Hashed : Hashtable
    {
        public Hashed() => this[1] = 2;
    }

    private sealed class ByName : KeyedCollection<string, Key>
    {
        protected override string GetKeyForItem(Key item) => item.Name;
    }

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        public Holder()
            : base(nameof(Holder))
        {
        }

        public object? Thing { get; init; }

        public override Tensor forward(Tensor input) => input.alias();
    }
}
