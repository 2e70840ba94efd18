using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Paths through a model: a name for each step from the model down, joined by dots.</summary>
internal static class ModuleTree
{
    /// <summary>
    /// The module at a path. Each step costs by its own depth; a child whose own name holds dots (a Sequential allows
    /// that) is tried after those whose names do not.
    /// </summary>
    internal static Module? Find(Module model, string path) => path.Length == 0 ? model : Find(model, path, 0);

    /// <summary>
    /// Every path below the model, depth first, children in the order in which they are defined. A module reached by
    /// several paths is there once for each; a module inside itself is named but not entered again. With a pattern,
    /// only what matches, and no subtree is entered in which nothing can match.
    /// </summary>
    internal static IEnumerable<(string Path, Module Module)> Descendants(Module model, LayerPattern? pattern = null)
    {
        var entered = new HashSet<Module>(ReferenceEqualityComparer.Instance) { model };
        var open = new Stack<Level>();
        open.Push(new(model, "", ModuleChildren.Of(model), pattern?.Start));
        while (open.TryPeek(out Level? level))
        {
            if (level.Next == level.Children.Count)
            {
                open.Pop();
                entered.Remove(level.Module);
                continue;
            }

            (string name, Module module) = level.Children[level.Next++];
            LayerPattern.Progress? reached = level.Reached?.Follow(name);
            if (reached is { IsDead: true })
                continue;

            string? path = null;
            if (reached is null or { IsMatch: true })
                yield return (path = Join(level.Path, name), module);

            List<(string Name, Module Module)> children = ModuleChildren.Of(module);
            if (children.Count > 0 && entered.Add(module))
                open.Push(new(module, path ?? Join(level.Path, name), children, reached));
        }
    }

    /// <summary>The steps of a path that is not empty, as <see cref="Find(Module, string)"/> would take them; none if the path leads nowhere.</summary>
    internal static IReadOnlyList<(Module Parent, string Name, Module Child)> Steps(Module model, string path)
    {
        var steps = new List<(Module, string, Module)>();
        Follow(model, path, 0, steps);
        steps.Reverse();
        return steps;
    }

    /// <summary>How much of a path exists: the longest beginning of it that leads to a module, and that module.</summary>
    internal static (string Path, Module Module) Deepest(Module model, string path)
    {
        (int found, Module deepest) = (0, model);
        Explore(model, 0);
        return (path[..found], deepest);

        void Explore(Module parent, int start)
        {
            for (int end = EndOfSegment(path, start); ; end = EndOfSegment(path, end + 1))
            {
                if (ModuleChildren.Find(parent, path[start..end]) is { } child)
                {
                    if (end > found)
                        (found, deepest) = (end, child);
                    if (end < path.Length)
                        Explore(child, end + 1);
                }

                if (end == path.Length)
                    return;
            }
        }
    }

    internal static string Join(string parent, string child) => parent.Length == 0 ? child : $"{parent}.{child}";

    internal static int EndOfSegment(string path, int start)
    {
        int dot = path.IndexOf('.', start);
        return dot < 0 ? path.Length : dot;
    }

    private static Module? Find(Module parent, string path, int start)
    {
        for (int end = EndOfSegment(path, start); end < path.Length; end = EndOfSegment(path, end + 1))
        {
            if (ModuleChildren.Find(parent, path[start..end]) is { } child && Find(child, path, end + 1) is { } found)
                return found;
        }

        return ModuleChildren.Find(parent, path[start..]);
    }

    // The last step first: a step is known to be right once the rest of the path was found.
    private static bool Follow(Module parent, string path, int start, List<(Module Parent, string Name, Module Child)> steps)
    {
        for (int end = EndOfSegment(path, start); ; end = EndOfSegment(path, end + 1))
        {
            string name = path[start..end];
            if (ModuleChildren.Find(parent, name) is { } child && (end == path.Length || Follow(child, path, end + 1, steps)))
            {
                steps.Add((parent, name, child));
                return true;
            }

            if (end == path.Length)
                return false;
        }
    }

    private sealed class Level(Module module, string path, List<(string Name, Module Module)> children, LayerPattern.Progress? reached)
    {
        public Module Module { get; } = module;

        public string Path { get; } = path;

        public List<(string Name, Module Module)> Children { get; } = children;

        public LayerPattern.Progress? Reached { get; } = reached;

        public int Next { get; set; }
    }
}
