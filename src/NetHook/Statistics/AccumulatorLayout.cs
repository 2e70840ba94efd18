using static TorchSharp.torch;

namespace NetHook;

/// <summary>What one accumulator is: its name, type and shape, where -1 is a size that grows from 0.</summary>
internal sealed record AccumulatorLayout(string Name, ScalarType Dtype, params long[] Shape)
{
    /// <summary>An accumulator of doubles.</summary>
    public static AccumulatorLayout Of(string name, params long[] shape) => new(name, ScalarType.Float64, shape);

    public Tensor Make(Device device) => zeros([.. Shape.Select(size => Math.Max(size, 0))], Dtype, device);

    public bool Fits(IReadOnlyList<long> shape) =>
        shape.Count == Shape.Length && Shape.Zip(shape).All(sizes => sizes.First < 0 || sizes.First == sizes.Second);
}
