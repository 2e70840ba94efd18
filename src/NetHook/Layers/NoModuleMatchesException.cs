using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>A selection of layers came out empty.</summary>
public sealed class NoModuleMatchesException : KeyNotFoundException
{
    internal NoModuleMatchesException(Module model, string pattern, Type? moduleType = null)
        : this(model, pattern, moduleType, NearestNames.To(pattern, ModuleTree.Descendants(model).Select(found => found.Path)))
    {
    }

    internal NoModuleMatchesException(Module model)
        : base($"No layer of {TypeNames.Of(model)} satisfies the predicate. {Layers(model)}")
    {
        Pattern = null;
        Nearest = [];
    }

    private NoModuleMatchesException(Module model, string pattern, Type? moduleType, IReadOnlyList<string> nearest)
        : base($"No layer of {TypeNames.Of(model)}{OfType(moduleType)} matches '{pattern}'. {Layers(model)}"
            + Sentences.DidYouMean(nearest))
    {
        Pattern = pattern;
        Nearest = nearest;
    }

    /// <summary>The pattern that nothing matched; null where layers were selected by a predicate.</summary>
    public string? Pattern { get; }

    /// <summary>Layer names spelt most like the pattern, best first; empty if none is near.</summary>
    public IReadOnlyList<string> Nearest { get; }

    private static string OfType(Type? type) => type is null ? "" : $" that is a {TypeNames.Of(type)}";

    private static string Layers(Module model)
    {
        List<(string Name, Module Module)> children = ModuleChildren.Of(model);
        return children.Count == 0
            ? "It has no children." + UnregisteredFields.Hint(model, children, null)
            : $"Its children are {Sentences.List([.. children.Select(child => child.Name)])}.";
    }
}
