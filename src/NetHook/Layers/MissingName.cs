using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Finds out why a name leads nowhere.</summary>
internal sealed class MissingName
{
    internal MissingName(Module model, string name, bool withParameters)
    {
        (string path, Module deepest) = ModuleTree.Deepest(model, name);
        List<(string Name, Module Module)> children = ModuleChildren.Of(deepest);
        DeepestFound = path;
        DeepestFoundType = deepest.GetType();
        Children = [.. withParameters ? ModuleParameters.Of(deepest).Select(own => own.Name) : [], .. children.Select(child => child.Name)];
        Nearest = NearestNames.To(name, withParameters ? ModuleParameters.Paths(model) : ModuleTree.Descendants(model).Select(found => found.Path));

        string rest = name[(path.Length == 0 ? 0 : Math.Min(path.Length + 1, name.Length))..];
        string subject = $"{MessageText.Quote(path)} ({TypeNames.Of(deepest)})";
        Explanation = rest.Length == 0 && withParameters
            ? $"{subject} is a module; its parameters and children are {ListOrNone()}."
            : $"{subject} has no {(withParameters ? "parameter or child" : "child")} '{rest[..ModuleTree.EndOfSegment(rest, 0)]}'"
                + (Children.Count == 0 ? ", and no others." : $"; it has {MessageText.List(Children)}.");
        if (withParameters && TorchSharpInternals.Buffers(deepest).ContainsKey(rest))
            Explanation += $" '{rest}' is a buffer: get_buffer reads it.";
        Explanation += UnregisteredFields.Hint(deepest, children, rest) + MessageText.DidYouMean(Nearest);
    }

    internal string DeepestFound { get; }

    internal Type DeepestFoundType { get; }

    internal IReadOnlyList<string> Children { get; }

    internal IReadOnlyList<string> Nearest { get; }

    internal string Explanation { get; }

    private string ListOrNone() => Children.Count == 0 ? "none" : MessageText.List(Children);
}
