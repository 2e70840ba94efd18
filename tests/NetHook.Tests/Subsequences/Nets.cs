using CsCheck;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>A nested Sequential as a tree of names: a leaf is its size.</summary>
internal sealed record Net(string Name, int Leaf, IReadOnlyList<Net> Children)
{
    /// <summary>Nestings up to three deep, with names that repeat between levels.</summary>
    internal static readonly Gen<Net> Any = Tree(3).Select(children => new Net("", 0, children));

    internal IEnumerable<Net> Leaves => Leaf > 0 ? [this] : Children.SelectMany(child => child.Leaves);

    /// <summary>Every path, each with the numbers of its first leaf and of the leaf behind its last.</summary>
    internal IEnumerable<(string[] Path, int First, int End)> Paths
    {
        get
        {
            int leaf = 0;
            foreach (Net child in Children)
            {
                yield return ([child.Name], leaf, leaf + child.Leaves.Count());
                foreach ((string[] path, int first, int end) in child.Paths)
                    yield return ([child.Name, .. path], leaf + first, leaf + end);
                leaf += child.Leaves.Count();
            }
        }
    }

    internal Sequential Build() => nn.Sequential(Children.Select(child =>
        (child.Name, child.Leaf > 0 ? nn.Linear(child.Leaf, child.Leaf, hasBias: false) : (nn.Module<Tensor, Tensor>)child.Build())));

    /// <summary>The names and sizes of a model's layers, as those of a tree are written.</summary>
    internal static string Show(nn.Module module) => module is Linear linear
        ? $"{linear.in_features}"
        : $"[{string.Join(" ", ModuleChildren.Of(module).Select(child => $"{child.Name}={Show(child.Module)}"))}]";

    internal string Show() => Leaf > 0 ? $"{Leaf}" : $"[{string.Join(" ", Children.Select(child => $"{child.Name}={child.Show()}"))}]";

    /// <summary>The rule itself: the leaves of the range in the same nesting, and nothing empty.</summary>
    internal Net? Keep(int first, int end)
    {
        if (Leaf > 0)
            return first < end ? this : null;
        var kept = new List<Net>();
        int leaf = 0;
        foreach (Net child in Children)
        {
            int leaves = child.Leaves.Count();
            if (Math.Max(leaf, first) < Math.Min(leaf + leaves, end))
                kept.Add(child.Keep(Math.Max(first - leaf, 0), Math.Min(end - leaf, leaves))!);
            leaf += leaves;
        }

        return this with { Children = kept };
    }

    private static Gen<IReadOnlyList<Net>> Tree(int depth)
    {
        Gen<Net> leaf = Gen.Int[1, 9].Select(size => new Net("", size, []));
        Gen<Net> node = depth == 1 ? leaf : Gen.Frequency((3, leaf), (2, Tree(depth - 1).Select(children => new Net("", 0, children))));
        return node.Array[1, 4].Select(nodes => (IReadOnlyList<Net>)[.. nodes.Select((child, i) => child with { Name = i % 2 == 0 ? $"{i}" : $"layer{i}" })]);
    }
}
