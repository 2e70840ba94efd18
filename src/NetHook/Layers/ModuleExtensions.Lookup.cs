using TorchSharp.Modules;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Finds, lists and changes the layers of a model by name.</summary>
/// <remarks>
/// A layer's name is its path from the model: the name of each step, joined by dots, as in a state dict;
/// <c>""</c> is the model itself. Layers are found by every path that leads to them, so a shared module or a tied weight has
/// several names. Items of a ModuleList or ModuleDict are found whether they are registered yet or not.
/// </remarks>
public static partial class ModuleExtensions
{
    /// <summary>Finds a layer by name. The cost grows with the depth of the name, not with the size of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The layer's path, <c>encoder.h.3</c> for instance; <c>""</c> for the model itself.</param>
    /// <returns>The layer itself, owned by the model as before.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    public static Module GetModule(this Module model, string name)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(name);
        return ModuleTree.Find(model, name) ?? throw new ModuleNotFoundException(model, name);
    }

    /// <summary>Finds a layer of a given type by name.</summary>
    /// <typeparam name="T">The layer's type, or a base class or interface of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="name">The layer's path, <c>encoder.h.3</c> for instance; <c>""</c> for the model itself.</param>
    /// <returns>The layer itself, owned by the model as before.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    /// <exception cref="InvalidCastException">The layer is not a <typeparamref name="T"/>.</exception>
    public static T GetModule<T>(this Module model, string name)
        where T : class
    {
        Module module = model.GetModule(name);
        if (module is T found)
            return found;
        (string type, string asked) = TypeNames.Apart(module.GetType(), typeof(T));
        throw new InvalidCastException($"In {TypeNames.Of(model)}, {Sentences.Quote(name)} is a {type}, not a {asked}.");
    }

    /// <summary>Finds a parameter by name. The cost grows with the depth of the name, not with the size of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The parameter's path, <c>encoder.h.3.weight</c> for instance.</param>
    /// <returns>The parameter itself, owned by the model as before.</returns>
    /// <exception cref="ParameterNotFoundException">No path of this name leads to a parameter.</exception>
    public static Parameter GetParameter(this Module model, string name)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(name);
        return ModuleParameters.Find(model, name) ?? throw new ParameterNotFoundException(model, name);
    }
}
