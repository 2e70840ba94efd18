using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

public static partial class ModuleExtensions
{
    /// <summary>
    /// Makes an exact copy of a model: same outputs, same gradients, nothing shared. Kept are types, names and order, dtypes, devices,
    /// <c>requires_grad</c>, gradients, the mode of every module, buffers, ties between layers or weights, and edits made with
    /// <see cref="WithEdit{T}"/>. Hooks and traces are not.
    /// </summary>
    /// <remarks>
    /// <para>What cannot be copied exactly is refused; <see cref="ModuleCopiers"/> is the way out. What the model's fields hold is
    /// copied with it: lists, dictionaries, closures that captured a layer, objects of the program's own classes. No
    /// constructor runs.</para>
    /// <para>The original stays as it is, even if the copy fails. To find out the settings of modules that TorchSharp makes natively
    /// (embeddings, recurrent layers, attention, transformers) they are run for a moment, with a small weight of their own or in
    /// training mode: no other thread may run the model meanwhile. The random numbers that follow on the CPU are the same as
    /// without the copy; the generators of other devices cannot be read through TorchSharp, and may have moved on.</para>
    /// </remarks>
    /// <typeparam name="T">The model's type, or a base class of it.</typeparam>
    /// <param name="model">The model.</param>
    /// <returns>The copy, which is the caller's to dispose and belongs to no dispose scope.</returns>
    /// <exception cref="ModuleCopyException">Something in the model cannot be copied exactly.</exception>
    public static T DeepCopy<T>(this T model)
        where T : nn.Module
    {
        ArgumentNullException.ThrowIfNull(model);
        return CopyContext.Run(model.GetType(), context => context.Copy(model));
    }
}
