using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>
    /// Makes an exact copy of a model in which a layer's output is edited, for good. The original stays as it is. Layers and
    /// parameters of the copy have the original's names, and copies of the copy are edited likewise.
    /// </summary>
    /// <remarks>
    /// The edit itself is not copied: what it uses stays its owner's, and has to live as long as the copy. It acts before the traces that are
    /// attached to the layer later, which see what it returns. <see cref="ActiveTraces"/> lists it.
    /// </remarks>
    /// <typeparam name="T">The model's type, or a base class of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="layer">The layer's path, <c>encoder.h.3</c> for instance; <c>""</c> for the model itself.</param>
    /// <param name="edit">
    /// Replaces what the layer returns, by the rules of <see cref="TraceOptions.EditOutput"/>: <c>(Tensor output) => output * 2</c>, or one of <see cref="Interventions"/>.
    /// </param>
    /// <returns>The copy, which is the caller's to dispose and belongs to no dispose scope.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    /// <exception cref="ArgumentException">
    /// The edit does not fit the layer, or the layer is of a kind that is never called or has no hooks; or a field on the way to the layer
    /// holds another module than the one registered.
    /// </exception>
    /// <exception cref="ModuleCopyException">Something in the model cannot be copied exactly.</exception>
    public static T WithEdit<T>(this T model, string layer, Delegate edit)
        where T : nn.Module => model.WithEdits((layer, edit));

    /// <summary>Makes an exact copy of a model in which the outputs of several layers are edited, for good; see <see cref="WithEdit{T}"/>.</summary>
    /// <typeparam name="T">The model's type, or a base class of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="edits">Each layer's path, and the edit of its output. Of two edits of one layer, the first acts first.</param>
    /// <returns>The copy, which is the caller's to dispose and belongs to no dispose scope.</returns>
    /// <exception cref="ModuleNotFoundException">No path of this name leads to a module.</exception>
    /// <exception cref="ArgumentException">As for <see cref="WithEdit{T}"/>.</exception>
    /// <exception cref="ModuleCopyException">Something in the model cannot be copied exactly.</exception>
    public static T WithEdits<T>(this T model, params (string Layer, Delegate Edit)[] edits)
        where T : nn.Module
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(edits);
        var options = new List<(string Layer, TraceOptions Options)>();
        foreach ((string layer, Delegate edit) in edits)
        {
            ArgumentNullException.ThrowIfNull(layer, nameof(edits));
            ArgumentNullException.ThrowIfNull(edit, nameof(edits));
            options.Add((layer, new() { RetainOutput = false, EditOutput = edit }));
        }

        // Mistakes show before anything is copied.
        foreach ((string layer, TraceOptions option) in options)
        {
            nn.Module edited = model.GetModule(layer);
            BakedEdits.Unattached(edited, layer, option).Dispose();
            if (UnregisteredFields.OnPath(model, layer) is { } other)
                throw new ArgumentException($"The edit of layer {Sentences.Layer(layer, edited)} would change nothing: {other}");
        }

        T copy = model.DeepCopy();
        foreach ((string layer, TraceOptions option) in options)
            BakedEdits.Add(copy.GetModule(layer), layer, option);
        return copy;
    }
}
