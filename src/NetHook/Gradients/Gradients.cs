using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Says which parameters and tensors collect gradients: <c>requires_grad</c> of whole models, all or nothing.</summary>
public static class Gradients
{
    /// <summary>
    /// Sets <c>requires_grad</c> of everything given. Either all of it is changed or, where anything cannot be, nothing.
    /// </summary>
    /// <param name="requiresGrad">Whether gradients are collected.</param>
    /// <param name="models">Modules, of which all parameters are meant, parameters and tensors; at least one.</param>
    /// <exception cref="ArgumentException">
    /// There is nothing in <paramref name="models"/>, or a null, something else than a module or tensor, or something
    /// disposed; gradients are asked for tensors of integers; or they are switched off for a tensor that is computed
    /// from others that have them.
    /// </exception>
    /// <remarks>After Python's <c>nethook.set_requires_grad</c>.</remarks>
    /// <example><code>
    /// Gradients.SetRequiresGrad(false, generator, discriminator);
    /// </code></example>
    public static void SetRequiresGrad(bool requiresGrad, params object[] models) =>
        GradientFlags.Of(nameof(SetRequiresGrad), models).Set(requiresGrad);

    /// <summary>
    /// Sets <c>requires_grad</c> of everything given to false, and back to what each was when the result is disposed,
    /// whatever happened between.
    /// </summary>
    /// <param name="models">Modules, of which all parameters are meant, parameters and tensors; at least one.</param>
    /// <returns>Puts the flags back when disposed. Disposing twice does nothing.</returns>
    /// <exception cref="ArgumentException">As with <see cref="SetRequiresGrad"/>; nothing was changed.</exception>
    /// <remarks>
    /// What was put in place of a module meanwhile keeps its own flags. A parameter that <c>to()</c> has replaced by
    /// its copy on another device or of another type is found again by its name.
    /// </remarks>
    /// <example><code>
    /// using (Gradients.Frozen(model))
    ///     Attack(model, image);    // the gradient of the image alone
    /// </code></example>
    public static IDisposable Frozen(params object[] models)
    {
        var flags = GradientFlags.Of(nameof(Frozen), models);
        flags.Set(false);
        return flags;
    }
}
