using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A rank-one edit of an MLP's output projection that <see cref="RomeEditor"/> has found, and that no model has yet.
/// </summary>
/// <remarks>Owns two vectors until disposed; models edited before that stay edited.</remarks>
public sealed class RomeEdit : IDisposable
{
    private readonly MlpProjection _projection;
    private readonly Tensor _keyDirection, _valueChange;

    /// <summary>Takes over two tensors of no dispose scope.</summary>
    internal RomeEdit(EditRequest request, int layer, MlpProjection projection, Tensor keyDirection, Tensor valueChange, IReadOnlyList<RomeLoss> losses)
    {
        (Request, Layer, Losses) = (request, layer, losses);
        (_projection, _keyDirection, _valueChange) = (projection, keyDirection, valueChange);
    }

    /// <summary>The fact.</summary>
    public EditRequest Request { get; }

    /// <summary>The layer whose MLP is edited.</summary>
    public int Layer { get; }

    /// <summary>The parameter that is edited.</summary>
    public string Parameter => _projection.Parameter;

    /// <summary>The losses, step by step, of the optimisation that found the value.</summary>
    public IReadOnlyList<RomeLoss> Losses { get; }

    /// <summary>The factor on the side of the keys, <c>C⁻¹k / (C⁻¹k)ᵀk</c>: <c>[keys]</c>, single precision. A fresh handle at each read.</summary>
    public Tensor KeyDirection => _keyDirection.alias();

    /// <summary>The factor on the side of the values, <c>v* − Wk</c>: <c>[width]</c>, single precision. A fresh handle at each read.</summary>
    public Tensor ValueChange => _valueChange.alias();

    /// <summary>
    /// What is added to the parameter: the outer product of the factors, of the parameter's shape, <c>[keys, width]</c> or
    /// <c>[width, keys]</c>, single precision.
    /// </summary>
    /// <returns>A new tensor.</returns>
    public Tensor Delta() => outer(Factors.Rows, Factors.Columns);

    /// <summary>Edits a model until the result is disposed; then its weights are exactly as they were.</summary>
    /// <param name="model">The model that the edit was found for, or a copy; its <see cref="Parameter"/> is changed in place.</param>
    /// <returns>
    /// Undoes the edit when disposed. Several edits of one model may be undone in any order: once all are, its weights are bit by
    /// bit as they were. Any other change of the parameter meanwhile is undone as well.
    /// </returns>
    /// <exception cref="ArgumentException">The model has no such layer, or one of another size.</exception>
    public IDisposable ApplyTo(nn.Module model) => AppliedEdits.Apply(model, Checked(model), Factors);

    /// <summary>Edits a model for good.</summary>
    /// <param name="model">The model that the edit was found for, or a copy; its <see cref="Parameter"/> is changed in place.</param>
    /// <exception cref="ArgumentException">The model has no such layer, or one of another size.</exception>
    public void ApplyPermanentlyTo(nn.Module model) => AppliedEdits.ApplyPermanently(model, Checked(model), Factors);

    /// <summary>Frees the factors.</summary>
    public void Dispose()
    {
        _keyDirection.Dispose();
        _valueChange.Dispose();
    }

    // A Conv1D's weight has a row for each key, a Linear's a column.
    private (Tensor Rows, Tensor Columns) Factors => _projection.KeysFirst ? (_keyDirection, _valueChange) : (_valueChange, _keyDirection);

    private string Checked(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        long[] expected = _projection.KeysFirst ? [_projection.Keys, _projection.Width] : [_projection.Width, _projection.Keys];
        long[]? found = ModuleParameters.Find(model, Parameter)?.shape;
        if (found is null || !found.AsSpan().SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"The edit is of {Parameter} [{string.Join(", ", expected)}], and this model has "
                + (found is null ? "no such parameter." : $"[{string.Join(", ", found)}] there.")
                + " Apply it to the model it was made for, or a copy.");
        }

        return Parameter;
    }
}
