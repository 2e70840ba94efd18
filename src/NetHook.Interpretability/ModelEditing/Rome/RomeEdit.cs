using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A rank-one edit of an MLP's output projection that <see cref="RomeEditor"/> has found, and that no model has yet.
/// </summary>
/// <remarks>Owns two vectors until disposed; models edited before that stay edited.</remarks>
public sealed class RomeEdit : IDisposable
{
    private readonly Tensor _keyDirection, _valueChange;

    /// <summary>Takes over two tensors of no dispose scope.</summary>
    internal RomeEdit(EditRequest request, int layer, Tensor keyDirection, Tensor valueChange, IReadOnlyList<RomeLoss> losses)
    {
        (Request, Layer, Losses) = (request, layer, losses);
        (_keyDirection, _valueChange) = (keyDirection, valueChange);
    }

    /// <summary>The fact.</summary>
    public EditRequest Request { get; }

    /// <summary>The layer whose MLP is edited.</summary>
    public int Layer { get; }

    /// <summary>The parameter that is edited.</summary>
    public string Parameter => $"transformer.h.{Layer}.mlp.c_proj.weight";

    /// <summary>The losses, step by step, of the optimisation that found the value.</summary>
    public IReadOnlyList<RomeLoss> Losses { get; }

    /// <summary>The factor on the side of the keys, <c>C⁻¹k / (C⁻¹k)ᵀk</c>: <c>[n_inner]</c>, single precision. A fresh handle at each read.</summary>
    public Tensor KeyDirection => _keyDirection.alias();

    /// <summary>The factor on the side of the values, <c>v* − Wk</c>: <c>[n_embd]</c>, single precision. A fresh handle at each read.</summary>
    public Tensor ValueChange => _valueChange.alias();

    /// <summary>What is added to the parameter: the outer product of the factors, <c>[n_inner, n_embd]</c>, single precision.</summary>
    /// <returns>A new tensor.</returns>
    public Tensor Delta() => outer(_keyDirection, _valueChange);

    /// <summary>Edits a model until the result is disposed; then its weights are exactly as they were.</summary>
    /// <param name="model">The model; its <see cref="Parameter"/> is changed in place.</param>
    /// <returns>Undoes the edit when disposed. Undo several edits of one model in reverse order.</returns>
    /// <exception cref="ArgumentException">The model has no such layer, or one of another size.</exception>
    public IDisposable ApplyTo(Gpt2 model)
    {
        var undo = new WeightBackup(model, Checked(model));
        Add(model);
        return undo;
    }

    /// <summary>Edits a model for good.</summary>
    /// <param name="model">The model; its <see cref="Parameter"/> is changed in place.</param>
    /// <exception cref="ArgumentException">The model has no such layer, or one of another size.</exception>
    public void ApplyPermanentlyTo(Gpt2 model)
    {
        Checked(model);
        Add(model);
    }

    /// <summary>Frees the factors.</summary>
    public void Dispose()
    {
        _keyDirection.Dispose();
        _valueChange.Dispose();
    }

    private string Checked(Gpt2 model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (long inner, long width) = (_keyDirection.shape[0], _valueChange.shape[0]);
        if (Layer >= model.Config.NLayer || model.GetParameter(Parameter).shape is not [var rows, var columns] || rows != inner || columns != width)
        {
            throw new ArgumentException(
                $"The edit is of {Parameter} [{inner}, {width}], and this model has "
                + (Layer < model.Config.NLayer ? $"[{string.Join(", ", model.GetParameter(Parameter).shape)}] there." : $"{model.Config.NLayer} layers.")
                + " Apply it to the model it was made for, or a copy.");
        }

        return Parameter;
    }

    private void Add(Gpt2 model)
    {
        using var _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = model.GetParameter(Parameter);
        weight.PlusInPlace(Delta().to(weight.dtype, weight.device));
    }
}
