using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// A table of vectors, one row for each id; Gemma scales what it reads. TorchSharp's Embedding cannot be made without drawing
/// random weights.
/// </summary>
internal sealed class Embedding : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    private readonly double? _scale;

    public Embedding(Parameter weight, double? scale = null)
        : base(nameof(Embedding))
    {
        (this.weight, _scale) = (weight, scale);
        RegisterComponents();
    }

    /// <summary>The vectors times a number that is rounded to their type first.</summary>
    public static Tensor Scaled(Tensor vectors, double scale)
    {
        using Tensor factor = HeldScalars.Filled([], scale, vectors.dtype, vectors.device);
        return vectors * factor;
    }

    public override Tensor forward(Tensor input)
    {
        long[] shape = [.. input.shape, weight.shape[1]];

        // libtorch cannot select on the meta device.
        if (weight.is_meta)
            return empty(shape, weight.dtype, weight.device);
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = weight.index_select(0, input.reshape(-1)).view(shape);
        return scope.MoveToOuter(_scale is { } scale ? Scaled(rows, scale) : rows);
    }
}
