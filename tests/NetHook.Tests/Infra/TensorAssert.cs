using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

internal static class TensorAssert
{
    /// <summary>The same shape and, to the tolerance, the same numbers.</summary>
    public static void Near(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
            return;
        double difference = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.True(difference <= tolerance, $"The tensors differ by {difference}:\n{expected.str()}\n{actual.str()}");
    }

    /// <summary>The same shape, type and bits.</summary>
    public static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.True(expected.equal(actual).cpu().all().ToBoolean(), $"The tensors differ:\n{expected.str()}\n{actual.str()}");
    }

    public static void SameStorage(Tensor expected, Tensor actual) => Assert.Equal(Address(expected), Address(actual));

    public static IntPtr Address(Tensor tensor) => tensor.storage<float>().data_ptr();
}
