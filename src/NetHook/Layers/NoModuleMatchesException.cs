using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>A pattern matches no layer, or only holders of modules that are never called.</summary>
public sealed class NoModuleMatchesException : KeyNotFoundException
{
    internal NoModuleMatchesException(Module model, string pattern)
        : this(pattern, NearestNames.To(pattern, ModuleTree.Descendants(model).Select(found => found.Path)), model)
    {
    }

    internal NoModuleMatchesException(string pattern, IReadOnlyList<string> holders)
        : base($"'{pattern}' matches only {Sentences.List(holders)}, which {(holders.Count == 1 ? "holds modules and is" : "hold modules and are")} never called. "
            + $"Ask for what is inside, '{pattern}.*', or list holders too by includeHolders: true.")
    {
        Pattern = pattern;
        Nearest = [];
    }

    private NoModuleMatchesException(string pattern, IReadOnlyList<string> nearest, Module model)
        : base($"No layer of {TypeNames.Of(model)} matches '{pattern}'. {Layers(model)}" + Sentences.DidYouMean(nearest))
    {
        Pattern = pattern;
        Nearest = nearest;
    }

    /// <summary>The pattern that nothing matched.</summary>
    public string Pattern { get; }

    /// <summary>Layer names spelt most like the pattern, best first; empty if none is near.</summary>
    public IReadOnlyList<string> Nearest { get; }

    private static string Layers(Module model)
    {
        List<(string Name, Module Module)> children = ModuleChildren.Of(model);
        return children.Count == 0
            ? "It has no children." + UnregisteredFields.Hint(model, children, null)
            : $"Its children are {Sentences.List([.. children.Select(child => child.Name)])}.";
    }
}
