namespace NetHook;

/// <summary>
/// A glob over layer paths, compiled once: <c>blocks.*.mlp</c>, <c>**.attn.{c_attn,c_proj}</c>, <c>h.{0..5}</c>.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>*</c> stands for any characters within one name, <c>?</c> for one character.</item>
/// <item><c>**</c>, alone between dots, stands for any number of names, none included: <c>h.**</c> matches <c>h</c> and all below it.</item>
/// <item><c>[0-9]</c> and <c>[abc]</c> stand for one character of those, <c>[!0-9]</c> or <c>[^0-9]</c> for one of the others.</item>
/// <item><c>{a,b}</c> stands for either; alternatives may hold dots, patterns and further braces. <c>{0..11}</c> stands for the numbers from 0 to 11.</item>
/// <item><c>\</c> takes the next character as it is.</item>
/// </list>
/// Names are compared by ordinal, case and all. A pattern is immutable and safe to use from several threads.
/// </remarks>
public sealed class LayerPattern
{
    private readonly string _pattern;

    /// <summary>Compiles a pattern.</summary>
    /// <param name="pattern">The pattern, see the remarks of the class.</param>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is malformed; the message shows where.</exception>
    public LayerPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        _pattern = pattern;
        Start = new Progress(Compile(pattern));
    }

    /// <summary>Where matching starts, before any name was followed.</summary>
    internal Progress Start { get; }

    /// <summary>Whether a layer's path matches.</summary>
    /// <param name="name">The path from the model to the layer, names joined by dots; empty for the model itself.</param>
    /// <returns>True if the whole path matches.</returns>
    public bool Matches(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 ? Start.IsMatch : Start.Follow(name).IsMatch;
    }

    /// <summary>The pattern as it was given.</summary>
    /// <returns>The pattern.</returns>
    public override string ToString() => _pattern;

    private static Node Compile(string pattern)
    {
        var root = new Node();
        foreach (string alternative in LayerPatternBraces.Expand(pattern))
        {
            Node node = root;
            foreach (NameGlob? name in LayerPatternSyntax.Names(alternative, pattern))
                node = name is null ? node.AnyDepth() : node.Next(name);
            node.Accepts = true;
        }

        return root;
    }

    /// <summary>
    /// How far a path has matched. Alternatives share their beginnings in a tree; a path is followed through it name by
    /// name, all possibilities at once, so that the time never explodes and a subtree that cannot match is seen at its root.
    /// </summary>
    internal sealed class Progress
    {
        private readonly List<Node> _nodes = [];

        internal Progress(Node start) => Reach(start);

        private Progress()
        {
        }

        /// <summary>Nothing at or below this path can match.</summary>
        internal bool IsDead => _nodes.Count == 0;

        internal bool IsMatch { get; private set; }

        /// <summary>Goes on by a child's name, or by several joined by dots.</summary>
        internal Progress Follow(string names)
        {
            Progress reached = this;
            for (int start = 0; start <= names.Length && !reached.IsDead;)
            {
                int end = ModuleTree.EndOfSegment(names, start);
                reached = reached.FollowOne(names[start..end]);
                start = end + 1;
            }

            return reached;
        }

        private Progress FollowOne(string name)
        {
            var reached = new Progress();
            foreach (Node node in _nodes)
            {
                if (node.Loops)
                    reached.Reach(node);
                if (node.Literals?.TryGetValue(name, out Node? next) == true)
                    reached.Reach(next);
                foreach ((NameGlob glob, Node then) in node.Globs ?? [])
                {
                    if (glob.Matches(name))
                        reached.Reach(then);
                }
            }

            return reached;
        }

        private void Reach(Node node)
        {
            if (_nodes.Contains(node))
                return;
            _nodes.Add(node);
            IsMatch |= node.Accepts;
            if (node.Below is not null)
                Reach(node.Below);
        }
    }

    /// <summary>A point between two names of the pattern.</summary>
    internal sealed class Node
    {
        internal Dictionary<string, Node>? Literals { get; private set; }

        internal List<(NameGlob Glob, Node Then)>? Globs { get; private set; }

        /// <summary>The node behind a <c>**</c> that follows here; reached without any name.</summary>
        internal Node? Below { get; private set; }

        /// <summary>This node is behind a <c>**</c>: any name leads back to it.</summary>
        internal bool Loops { get; private init; }

        internal bool Accepts { get; set; }

        internal Node AnyDepth() => Loops ? this : Below ??= new Node { Loops = true };

        internal Node Next(NameGlob name)
        {
            Node? next;
            if (name.Literal is { } literal)
            {
                Literals ??= new(StringComparer.Ordinal);
                if (!Literals.TryGetValue(literal, out next))
                    Literals.Add(literal, next = new Node());
                return next;
            }

            Globs ??= [];
            next = Globs.Find(known => known.Glob.Text == name.Text).Then;
            if (next is null)
                Globs.Add((name, next = new Node()));
            return next;
        }
    }
}
