using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Chains and nestings of any depth, which a copier that called itself could not follow.</summary>
public class DeepStructureTests
{
    private const int Length = 100_000;

    [Fact]
    public void A_list_of_nodes_that_refer_to_each_other_is_copied()
    {
        Node? head = null;
        for (int i = 0; i < Length; i++)
            head = new() { Number = i, Next = head };
        using var model = new Holder { Thing = head };

        using Holder copy = model.DeepCopy();

        int count = 0;
        for ((Node? original, Node? copied) = (head, (Node?)copy.Thing); original is not null; (original, copied) = (original.Next, copied.Next), count++)
        {
            Assert.NotSame(original, copied);
            Assert.Equal(original.Number, copied!.Number);
        }

        Assert.Equal(Length, count);
    }

    [Fact]
    public void A_linked_list_of_dot_net_is_copied()
    {
        using var model = new Holder { Thing = new LinkedList<object>(Enumerable.Range(0, Length).Select(i => (object)i)) };
        using Holder copy = model.DeepCopy();
        Assert.Equal(Enumerable.Range(0, Length), ((LinkedList<object>)copy.Thing!).Cast<int>());
    }

    [Theory]
    [InlineData("array")]
    [InlineData("list")]
    [InlineData("dictionary")]
    [InlineData("tuple")]
    [InlineData("closure")]
    [InlineData("derived")]
    public void Nestings_of_a_hundred_thousand_are_copied(string kind)
    {
        object thing = "the innermost";
        for (int i = 0; i < Length; i++)
        {
            object inner = thing;
            thing = kind switch
            {
                "array" => new[] { inner },
                "list" => new List<object> { inner },
                "dictionary" => new Dictionary<string, object> { ["a"] = inner },
                "tuple" => Tuple.Create(inner),
                "derived" => new Named { [1] = inner },
                _ => (Func<object>)(() => inner),
            };
        }

        using var model = new Holder { Thing = thing };
        using Holder copy = model.DeepCopy();

        (object original, object copied) = (thing, copy.Thing!);
        int depth = 0;
        for (; original is not string; (original, copied) = (Inner(original), Inner(copied)), depth++)
            Assert.NotSame(original, copied);
        Assert.Equal((Length, "the innermost"), (depth, copied));

        static object Inner(object outer) => outer switch
        {
            object[] array => array[0],
            List<object> list => list[0],
            Dictionary<string, object> dictionary => dictionary["a"],
            Named named => named[1],
            Tuple<object> tuple => tuple.Item1,
            _ => ((Func<object>)outer)(),
        };
    }

    [Fact]
    public void An_obstacle_at_the_end_of_a_long_chain_is_named_by_a_short_place()
    {
        Node? head = new() { Thing = Stream.Null };
        for (int i = 0; i < Length; i++)
            head = new() { Next = head };
        using var model = new Holder { Thing = head };

        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => model.DeepCopy());

        Assert.Equal($".Thing{string.Concat(Enumerable.Repeat(".Next", 27))} ... 99,970 more ... .Next.Next.Next.Thing", refused.Place);
        Assert.InRange(refused.Message.Length, 0, 1000);
    }

    [Fact]
    public void Sequentials_of_any_depth_are_copied()
    {
        nn.Module<Tensor, Tensor> model = nn.Sequential(("weights", nn.Linear(1, 1)));
        for (int i = 0; i < 2000; i++)
            model = nn.Sequential(("a", model));

        nn.Module copy = model.DeepCopy();

        for (int i = 0; i < 2000; i++)
            copy = (nn.Module)((TorchSharp.Modules.Sequential)copy)[0];
        Assert.IsType<TorchSharp.Modules.Linear>(((TorchSharp.Modules.Sequential)copy)[0]);
    }

    [Fact]
    public void Modules_nested_too_deep_are_refused_by_their_place()
    {
        // Deeper than a stack of 256 KB reaches, whatever the machine's own is.
        var model = new Shell(null);
        for (int i = 0; i < 3000; i++)
            model = new(model);
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => model.DeepCopy()), 256 << 10);
        thread.Start();
        thread.Join();

        ModuleCopyException refused = Assert.IsType<ModuleCopyException>(thrown);
        Assert.Equal("it is nested too deep in modules or in what registered copiers copy", refused.Reason);
        Assert.Contains(" more ... ", refused.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Ties_within_what_is_filled_later_are_kept()
    {
        var shared = new List<object> { new Node { Number = 3 } };
        var first = new Node { Thing = shared };
        using var model = new Holder { Thing = new object[] { first, shared, new Dictionary<Node, object> { [first] = shared }, (Func<object>)(() => shared) } };

        using Holder copy = model.DeepCopy();

        object[] things = (object[])copy.Thing!;
        var copied = (Node)things[0];
        Assert.NotSame(shared, copied.Thing);
        Assert.NotSame(shared[0], ((List<object>)copied.Thing!)[0]);
        Assert.Same(copied.Thing, things[1]);
        Assert.Same(things[1], ((Dictionary<Node, object>)things[2])[copied]);
        Assert.Same(things[1], ((Func<object>)things[3])());
    }

    [Fact]
    public void A_registered_copier_gets_whole_copies_of_what_it_asks_for()
    {
        ModuleCopiers.Register<Counted>((original, context) => new(context.Copy(original.Items)));
        var items = new List<Node> { new() { Number = 1 }, new() { Number = 2 } };
        using var model = new Holder { Thing = new object[] { items, new Counted(items), new Node { Thing = new Counted(items) } } };

        using Holder copy = model.DeepCopy();

        object[] things = (object[])copy.Thing!;
        var copied = (List<Node>)things[0];
        Assert.Equal(3, ((Counted)things[1]).Sum);
        Assert.Same(copied[0], ((Counted)things[1]).First);
        Assert.Same(copied[0], ((Counted)((Node)things[2]).Thing!).First);
        Assert.NotSame(items[0], copied[0]);
    }

    private sealed class Counted(List<Node> items)
    {
        public List<Node> Items => items;

        public int Sum { get; } = items.Sum(item => item.Number);

        public Node First { get; } = items[0];
    }

    private sealed class Node
    {
        public int Number { get; init; }

        public Node? Next { get; init; }

        public object? Thing { get; init; }
    }

    private sealed class Shell : nn.Module<Tensor, Tensor>
    {
        public readonly Shell? inner;

        public Shell(Shell? inner)
            : base(nameof(Shell))
        {
            this.inner = inner;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => inner?.call(input) ?? input.alias();
    }

    private sealed class Named : Dictionary<int, object>;

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
