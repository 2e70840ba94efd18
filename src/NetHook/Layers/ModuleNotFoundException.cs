using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>A model has no layer of the name asked for. The message says how far the name leads and what is there.</summary>
public sealed class ModuleNotFoundException : KeyNotFoundException
{
    internal ModuleNotFoundException(Module model, string name)
        : this(name, new MissingName(model, name, withParameters: false), model)
    {
    }

    private ModuleNotFoundException(string name, MissingName missing, Module model)
        : base($"{TypeNames.Of(model)} has no module '{name}': {missing.Explanation}")
    {
        Name = name;
        DeepestFound = missing.DeepestFound;
        DeepestFoundType = missing.DeepestFoundType;
        Children = missing.Children;
        Nearest = missing.Nearest;
    }

    /// <summary>The name asked for.</summary>
    public string Name { get; }

    /// <summary>The longest beginning of the name that leads to a layer; empty if that is the model itself.</summary>
    public string DeepestFound { get; }

    /// <summary>The type of the layer at <see cref="DeepestFound"/>.</summary>
    public Type DeepestFoundType { get; }

    /// <summary>The names of that layer's children, in order.</summary>
    public IReadOnlyList<string> Children { get; }

    /// <summary>Full names in the model that are spelt most alike, best first; empty if none is near.</summary>
    public IReadOnlyList<string> Nearest { get; }
}
