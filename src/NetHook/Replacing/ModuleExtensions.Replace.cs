using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>
    /// Puts a module in the place of a layer. All that refers to the layer inside its parent refers to the replacement then: the registration, fields and
    /// properties, items of lists and dictionaries, closures. Either all of it changes or, if an exception is thrown, nothing.
    /// </summary>
    /// <remarks>
    /// <para>The replacement is taken as it is, on its own device, with its own dtype and in its own mode, and becomes the model's to dispose. Names stay, and
    /// so does the order of the children; parameters, <c>state_dict()</c>, <c>to()</c>, <c>train()</c> and hooks see the replacement. Hooks and traces on the replaced module stay on it.</para>
    /// <para>In a Sequential, ModuleList or ModuleDict the item of that name is replaced; a second path to the same module through another parent, or another
    /// item, still leads to the old one. Not thread-safe; no other thread may run the model meanwhile.</para>
    /// <para>A replacement may contain the module that it replaces, as an adapter does. Disposing the adapter would dispose that module too: once it is
    /// back in its place, replace it inside the adapter (by <c>Identity()</c>, say) before disposing the adapter.</para>
    /// </remarks>
    /// <param name="model">The model.</param>
    /// <param name="name">The layer's path, <c>encoder.h.3.attn</c> for instance.</param>
    /// <param name="replacement">The module to take its place.</param>
    /// <returns>The module replaced, alive, and the caller's to dispose unless it is still in use.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    /// <exception cref="ModuleReplacementException">A field, or list, that refers to the layer is of a type that the replacement is not; or a field on the way to the layer holds another module than the one registered.</exception>
    /// <exception cref="ArgumentException">The name is that of the model itself; or the replacement is disposed, or contains the layer's parent.</exception>
    public static Module ReplaceModule(this Module model, string name, Module replacement) => Replace(model, name, replacement).Replaced;

    /// <summary>Does what <see cref="ReplaceModule"/> does, until the result is disposed: <c>using (model.Replacing("attn", adapter)) ...</c></summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The layer's path, <c>encoder.h.3.attn</c> for instance.</param>
    /// <param name="replacement">The module to take its place. It stays the caller's to dispose.</param>
    /// <returns>The replacement made. Disposing it puts the old module back; see <see cref="ModuleReplacement"/>.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    /// <exception cref="ModuleReplacementException">A field, or list, that refers to the layer is of a type that the replacement is not; or a field on the way to the layer holds another module than the one registered.</exception>
    /// <exception cref="ArgumentException">The name is that of the model itself; or the replacement is disposed, or contains the layer's parent.</exception>
    public static ModuleReplacement Replacing(this Module model, string name, Module replacement) => Replace(model, name, replacement);

    private static ModuleReplacement Replace(Module model, string name, Module replacement)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(replacement);
        if (name.Length == 0)
            throw new ArgumentException("The model itself has no place in which it could be replaced: name one of its layers.");
        if (TorchSharpInternals.NativeHandle(replacement).IsInvalid)
            throw new ArgumentException($"The {TypeNames.Of(replacement)} to take the place of '{name}' is disposed.");
        if (ModuleTree.Steps(model, name) is not [.., (Module parent, string child, Module replaced)])
            throw new ModuleNotFoundException(model, name);
        if (UnregisteredFields.OnPath(model, name) is { } other)
            throw ModuleReplacementException.OtherRuns(parent, child, replaced, replacement, other);
        if (ReferenceEquals(replaced, replacement))
            return new ModuleReplacement(name, replaced, replacement, []);
        if (ReferenceEquals(parent, replacement) || ModuleTree.Descendants(replacement).Any(found => ReferenceEquals(found.Module, parent)))
            throw new ArgumentException($"The {TypeNames.Of(replacement)} to take the place of '{name}' contains the {TypeNames.Of(parent)} of which that is a part.");

        TorchSharpInternals.RegisterComponents(replacement);
        var made = new List<Change>();
        var result = new ModuleReplacement(name, replaced, replacement, made);
        try
        {
            foreach (Change change in ReferenceFinder.Find(parent, child, replaced, replacement))
            {
                change.Make();
                made.Add(change);
            }

            if (!ReferenceEquals(ModuleChildren.Find(parent, child), replacement))
                throw ModuleReplacementException.NotFound(parent, child, replaced, replacement);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }
}
