using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// The usual interventions on an activation x, each with its formula. They act on the whole tensor, or on the slices
/// that <see cref="InterventionExtensions.At"/> picks, and compose with <see cref="InterventionExtensions.Then"/>.
/// </summary>
/// <remarks>
/// Tensors given to an intervention stay the caller's: keep them alive as long as the intervention is used. Formulas
/// are computed in the activation's dtype. All are differentiable, and safe to use from several threads.
/// </remarks>
/// <example><c>EditOutput = Interventions.Add(direction, 4).At(Slice.Tokens(^1))</c></example>
public static class Interventions
{
    /// <summary>x ← 0: zero ablation.</summary>
    /// <returns>The intervention.</returns>
    public static Intervention Zero() => static (value, _) => value.zeros_like();

    /// <summary>
    /// x ← mean of x over the dimensions given, everywhere along them: mean ablation within the batch. For the mean
    /// over a data set, use <see cref="Replace"/> with that mean.
    /// </summary>
    /// <param name="dimensions">The dimensions averaged over; the first one (the batch) when none is given.</param>
    /// <returns>The intervention.</returns>
    public static Intervention Mean(params long[] dimensions)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        long[] over = dimensions.Length == 0 ? [0] : [.. dimensions];
        return (value, layer) =>
        {
            foreach (long dimension in over)
                Slice.CheckDimension("Mean", dimension, value, layer);
            using DisposeScope scope = NewDisposeScope();
            return value.mean(over, keepdim: true).expand_as(value).clone().MoveToOuterDisposeScope();
        };
    }

    /// <summary>x ← x + factor · v: steering along a vector (Turner et al. 2023, "Activation Addition").</summary>
    /// <param name="vector">v: any shape that broadcasts to the activation's, such as <c>[features]</c>.</param>
    /// <param name="factor">How much of it is added.</param>
    /// <returns>The intervention.</returns>
    public static Intervention Add(Tensor vector, double factor = 1)
    {
        ArgumentNullException.ThrowIfNull(vector);
        Scalar held = HeldScalars.Of(factor);
        return (value, layer) => value.Plus(Fitting("Add", vector, value, layer), held);
    }

    /// <summary>x ← factor · x.</summary>
    /// <param name="factor">The factor.</param>
    /// <returns>The intervention.</returns>
    public static Intervention Scale(double factor)
    {
        Scalar held = HeldScalars.Of(factor);
        return (value, _) => value.Times(held);
    }

    /// <summary>x ← x + σ · ε with ε drawn from the standard normal distribution, anew at each call.</summary>
    /// <param name="standardDeviation">σ, in the activation's units.</param>
    /// <param name="seed">Seeds this intervention's own generator: equal seeds give equal noise, call by call.</param>
    /// <returns>The intervention. Where several threads use it, the order in which they draw is theirs.</returns>
    public static Intervention Noise(double standardDeviation, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(standardDeviation);
        var generator = new Generator((ulong)seed, CPU);
        Scalar held = HeldScalars.Of(standardDeviation);
        return (value, layer) =>
        {
            if (!value.is_floating_point())
                throw Misfit("Noise", $"dtype {value.dtype}", value, layer, "noise needs a floating-point activation");
            using DisposeScope scope = NewDisposeScope();
            Tensor noise;
            lock (generator)
                noise = randn(value.shape, dtype: float32, generator: generator);
            return value.Plus(noise.to(value.dtype, value.device).Times(held)).MoveToOuterDisposeScope();
        };
    }

    /// <summary>x ← x − (x · d̂) d̂ with d̂ = d / ‖d‖: removes a direction from the features (Ravfogel et al. 2020).</summary>
    /// <param name="direction">d: shape <c>[features]</c>, not zero; the features are the activation's last dimension.</param>
    /// <returns>The intervention.</returns>
    public static Intervention ProjectOut(Tensor direction)
    {
        ArgumentNullException.ThrowIfNull(direction);
        if (direction.dim() != 1)
            throw new ArgumentException($"A direction has the shape [features]; this one has {Shape(direction)}.", nameof(direction));
        if (IsZero(direction))
            throw new ArgumentException("The direction is zero, which points nowhere.", nameof(direction));
        return (value, layer) =>
        {
            if (value.dim() == 0 || value.shape[^1] != direction.shape[0])
                throw Misfit("ProjectOut", $"a direction of shape {Shape(direction)}", value, layer, "its length must be that of the last dimension");
            Same("ProjectOut", direction, value, layer);
            using DisposeScope scope = NewDisposeScope();
            Tensor unit = direction / direction.norm();
            return (value - (value * unit).sum(-1, keepdim: true) * unit).MoveToOuterDisposeScope();
        };
    }

    /// <summary>x ← min(max(x, lowest), highest).</summary>
    /// <param name="lowest">The least value left; negative infinity for none.</param>
    /// <param name="highest">The greatest value left; infinity for none.</param>
    /// <returns>The intervention.</returns>
    public static Intervention Clamp(double lowest = double.NegativeInfinity, double highest = double.PositiveInfinity)
    {
        if (double.IsNaN(lowest) || double.IsNaN(highest) || lowest > highest)
            throw new ArgumentException($"Nothing lies between {lowest} and {highest}: give the lower bound first.");
        Scalar low = HeldScalars.Of(lowest), high = HeldScalars.Of(highest);
        return (value, _) => value.Clamped(low, high);
    }

    /// <summary>
    /// x ← a: activation patching, with an activation saved from another run. Patching a layer with its own activation
    /// changes nothing, to the bit. The model goes on with a copy, so that the saved activation stays as it is.
    /// </summary>
    /// <param name="activation">a: the activation's shape, or one that broadcasts to it (one saved row for a whole batch).</param>
    /// <returns>The intervention.</returns>
    public static Intervention Replace(Tensor activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        return (value, layer) =>
        {
            // A copy: layers behind that work in place would otherwise write into the saved activation.
            using DisposeScope scope = NewDisposeScope();
            return Fitting("Replace", activation, value, layer).expand_as(value).clone().MoveToOuterDisposeScope();
        };
    }

    /// <summary>
    /// Does something else in each row of the batch, dimension 0: a vector for each prompt, or tokens that stand at other places in each.
    /// </summary>
    /// <param name="ofRow">
    /// Is given the number of a row and says what is done to it; null leaves the row as it is. The intervention is given the row alone,
    /// with all dimensions kept: <c>[1, tokens, features]</c>.
    /// </param>
    /// <returns>The intervention.</returns>
    /// <example><c>Interventions.ByRow(row => Interventions.Zero().At(Slice.Tokens(batch.RowRange(row))))</c></example>
    public static Intervention ByRow(Func<int, Intervention?> ofRow)
    {
        ArgumentNullException.ThrowIfNull(ofRow);
        return (value, layer) =>
        {
            Slice.CheckDimension("ByRow", 0, value, layer);
            using DisposeScope scope = NewDisposeScope();
            Tensor[] rows = [.. Enumerable.Range(0, (int)value.shape[0]).Select(row => Row(row, value.narrow(0, row, 1), layer))];
            return cat(rows, 0).MoveToOuterDisposeScope();
        };

        Tensor Row(int row, Tensor part, string layer)
        {
            Tensor edited = ofRow(row)?.Invoke(part, layer) ?? part;
            return edited.shape.AsSpan().SequenceEqual(part.shape)
                ? edited
                : throw Misfit("ByRow", $"what was made of row {row}, of shape {Shape(edited)},", part, layer, "an intervention keeps the shape");
        }
    }

    internal static InvalidOperationException Misfit(string name, string what, Tensor value, string layer, string rule) => new(
        $"{name} at layer '{layer}': {what} does not fit an activation of shape {Shape(value)}; {rule}.");

    internal static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static bool IsZero(Tensor direction)
    {
        using DisposeScope scope = NewDisposeScope();
        return direction.norm().to(ScalarType.Float64).item<double>() == 0;
    }

    private static Tensor Fitting(string name, Tensor tensor, Tensor value, string layer)
    {
        (long[]? shape, long[]? target) = (tensor.shape, value.shape);
        bool fits = shape.Length <= target.Length;
        for (int i = 1; fits && i <= shape.Length; i++)
            fits = shape[^i] == 1 || shape[^i] == target[^i];
        if (!fits)
            throw Misfit(name, $"a tensor of shape {Shape(tensor)}", value, layer, "each dimension, from the last, must be the same or 1");
        Same(name, tensor, value, layer);
        return tensor;
    }

    private static void Same(string name, Tensor tensor, Tensor value, string layer)
    {
        if (tensor.dtype == value.dtype && tensor.device_type == value.device_type && tensor.device_index == value.device_index)
            return;
        throw new InvalidOperationException(
            $"{name} at layer '{layer}': the tensor is {tensor.dtype} on {tensor.device} and the activation {value.dtype} on {value.device}. "
            + $"Convert it once, with to(ScalarType.{value.dtype}, activation.device), before it is used.");
    }
}
