using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// What tensors do with numbers. TorchSharp hands a number to native code as a <see cref="Scalar"/>, and nothing keeps
/// one that was made in passing (<c>tensor * 0.5</c>) alive until native code has read it: its finalizer may free it
/// before. Here, each scalar and each tensor is held until the call is over.
/// </summary>
/// <remarks>
/// This is the one place that makes scalars; a test reads the IL of all other code. TorchSharp makes them inside of
/// <c>a + b</c>, <c>add(0.5)</c>, <c>arange(n)</c> and <c>square()</c> as well, so that these are not used here either. The results are the caller's, as any new tensor.
/// Methods named InPlace change the tensor, and return it.
/// </remarks>
internal static class HeldScalars
{
    private static readonly Scalar Zero = 0L.ToScalar(), One = 1L.ToScalar(), Two = 2L.ToScalar();

    /// <summary>A scalar to be kept by whatever uses it again and again. Only the methods below may be given it.</summary>
    public static Scalar Of(double number) => number.ToScalar();

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.Plus(y, One);

    /// <summary>x + factor · y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y, Scalar factor) => Held(x.add(y, factor), x, y, factor);

    /// <summary>x + number, integers staying integers.</summary>
    public static Tensor Plus(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return Held(x.add(scalar, One), x);
    }

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.add(scalar, One), x);
    }

    /// <summary>x ← x + y.</summary>
    public static Tensor PlusInPlace(this Tensor x, Tensor y) => Held(x.add_(y, One), x, y);

    /// <summary>factor · x.</summary>
    public static Tensor Times(this Tensor x, Scalar factor) => Held(x.mul(factor), x, factor);

    /// <summary>number · x.</summary>
    public static Tensor Times(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return x.Times(scalar);
    }

    /// <summary>x ← number · x.</summary>
    public static Tensor TimesInPlace(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.mul_(scalar), x);
    }

    /// <summary>x ← number · x, integers staying integers.</summary>
    public static Tensor TimesInPlace(this Tensor x, long number)
    {
        using var scalar = number.ToScalar();
        return Held(x.mul_(scalar), x);
    }

    /// <summary>x / number.</summary>
    public static Tensor DividedBy(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.div(scalar), x);
    }

    /// <summary>x².</summary>
    public static Tensor Squared(this Tensor x) => Held(x.pow(Two), x);

    /// <summary>min(max(x, lowest), highest).</summary>
    public static Tensor Clamped(this Tensor x, Scalar lowest, Scalar highest) => Held(x.clamp(lowest, highest), x, lowest, highest);

    /// <summary>x ← min(max(x, lowest), highest).</summary>
    public static Tensor ClampInPlace(this Tensor x, double lowest, double highest)
    {
        using Scalar low = lowest.ToScalar(), high = highest.ToScalar();
        return Held(x.clamp_(low, high), x);
    }

    /// <summary>x ← min(x, highest), of integers.</summary>
    public static Tensor AtMostInPlace(this Tensor x, long highest)
    {
        using var scalar = highest.ToScalar();
        return Held(x.clamp_max_(scalar), x);
    }

    /// <summary>x ← number, everywhere.</summary>
    public static Tensor FillInPlace(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.fill_(scalar), x);
    }

    /// <summary>x ← number wherever the mask is true.</summary>
    public static Tensor FillInPlace(this Tensor x, Tensor mask, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.masked_fill_(mask, scalar), x, mask);
    }

    /// <summary>x, with the number wherever the mask is true.</summary>
    public static Tensor WithFill(this Tensor x, Tensor mask, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.masked_fill(mask, scalar), x, mask);
    }

    /// <summary>x = number.</summary>
    public static Tensor IsEqualTo(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.eq(scalar), x);
    }

    /// <summary>x ≤ number.</summary>
    public static Tensor IsAtMost(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.le(scalar), x);
    }

    /// <summary>A tensor of the number alone, otherwise like x.</summary>
    public static Tensor FilledWith(this Tensor x, double number)
    {
        using var scalar = number.ToScalar();
        return Held(x.full_like(scalar), x);
    }

    /// <summary>A tensor of the number alone.</summary>
    public static Tensor Filled(long[] shape, double number, ScalarType dtype, Device device)
    {
        using var scalar = number.ToScalar();
        return full(shape, scalar, dtype, device);
    }

    /// <summary>0, 1, 2 and so on, as many as count says: <c>[count]</c>, 64-bit integers unless a type is given.</summary>
    public static Tensor Range(long count, ScalarType dtype = ScalarType.Int64, Device? device = null)
    {
        using var scalar = count.ToScalar();
        return arange(Zero, scalar, One, dtype, device);
    }

    // The operands are handed over after the result was computed, and so are alive until then.
    private static Tensor Held(Tensor result, object operand, object? second = null, object? third = null)
    {
        GC.KeepAlive(operand);
        GC.KeepAlive(second);
        GC.KeepAlive(third);
        return result;
    }
}
