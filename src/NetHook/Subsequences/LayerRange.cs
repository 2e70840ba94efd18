using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A range of the leaves of nested Sequentials: from the first up to, not including, the end.</summary>
internal readonly record struct LayerRange(int First, int End)
{
    /// <summary>The range between two layers, each a path given as included or excluded, or not given.</summary>
    /// <exception cref="ArgumentException">The range is inverted, or a layer is given both as included and as excluded, or lies within what cannot be cut.</exception>
    /// <exception cref="ModuleNotFoundException">There is no such layer.</exception>
    internal static LayerRange Between(Module root, string[]? first, string[]? after, string[]? last, string[]? upto)
    {
        if (first is not null && after is not null)
            throw new ArgumentException($"A subsequence begins with '{Path(first)}' or after '{Path(after)}', not both.");
        if (last is not null && upto is not null)
            throw new ArgumentException($"A subsequence ends with '{Path(last)}' or before '{Path(upto)}', not both.");

        int start = first is not null ? SequentialLeaves.Find(root, first).First
            : after is not null ? SequentialLeaves.Find(root, after).End
            : 0;
        int end = last is not null ? SequentialLeaves.Find(root, last).End
            : upto is not null ? SequentialLeaves.Find(root, upto).First
            : SequentialLeaves.Count(root);
        if (start <= end)
            return new(start, end);

        // Without a beginning, or an end, nothing is inverted.
        string begins = first is not null ? $"with '{Path(first)}'" : $"after '{Path(after!)}'";
        string ends = last is not null ? $"with '{Path(last)}'" : $"before '{Path(upto!)}'";
        throw new ArgumentException($"The range is inverted: it begins {begins} and ends {ends}. {Order(root, first ?? after!, last ?? upto!)}");
    }

    /// <summary>The layers of the deepest Sequential that both ends of a range lie in.</summary>
    private static string Order(Module root, string[] one, string[] other)
    {
        int common = 0;
        while (common < Math.Min(one.Length, other.Length) - 1 && one[common] == other[common])
            common++;
        string path = Path(one[..common]);
        Module container = ModuleTree.Find(root, path)!;
        return $"{(path.Length == 0 ? "The" : $"In '{path}' the")} layers are, in order, {MessageText.List([.. ModuleChildren.Of(container).Select(child => child.Name)])}.";
    }

    private static string Path(string[] names) => string.Join('.', names);
}
