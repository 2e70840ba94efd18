using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// A statistic over activations that come in batches, in memory that does not grow with their number. Add batches,
/// merge what was computed elsewhere, save and go on later; read the results at any time.
/// </summary>
/// <remarks>
/// <para>Activations are <c>[..., features]</c>: every leading dimension counts samples, and the statistic is that of
/// each feature (or pair of features) over all samples. They are converted to double precision and copied in pieces;
/// neither they nor their autograd graph are kept or changed. They may be of any real type and on any device: the
/// accumulators follow them there.</para>
/// <para>Two halves merged equal the whole: up to rounding for moments, exactly for counts and largest values, and
/// within the stated error for quantiles.</para>
/// <para>Ownership: a statistic owns its accumulators until it is disposed. Each result is a new tensor that is the
/// reader's. Thread-safety: none; let each thread or process have its own and merge them.</para>
/// </remarks>
/// <example><code>
/// using var statistic = new RunningVariance();
/// using var trace = new Trace(net, "encoder.h.3", new() { Detach = true });
/// foreach (var batch in batches)
/// {
///     trace.Run(() => net.call(batch));
///     statistic.Add(trace);
/// }
///
/// statistic.Save("variance.safetensors");
/// </code></example>
public abstract partial class RunningStatistic : IDisposable
{
    // So many elements are converted to double precision at a time: 32 MB.
    private const long ElementsAtOnce = 1 << 22;

    private protected RunningStatistic()
    {
    }

    /// <summary>How many samples were added.</summary>
    public long Count { get; private set; }

    /// <summary>How many features each sample has; null before the first batch.</summary>
    public long? Features { get; private set; }

    /// <summary>Whether infinite activations can be counted. NaN never can.</summary>
    private protected virtual bool TakesInfinity => false;

    internal Accumulators State { get; } = new();

    private protected bool IsDisposed { get; private set; }

    /// <summary>Adds a batch of samples.</summary>
    /// <param name="activations">
    /// Activations, <c>[..., features]</c>; <c>[features]</c> is one sample. The same number of features each time. It
    /// stays the caller's.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The activations have no or another number of features, are complex or on the meta device, or hold NaN or, where
    /// the statistic does not allow it, infinity. Nothing was added.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The statistic was disposed.</exception>
    public void Add(Tensor activations)
    {
        ArgumentNullException.ThrowIfNull(activations);

        using IDisposable gradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Check(activations);
        AddChecked(activations);
    }

    /// <summary>Adds activations that <see cref="Check"/> has let pass.</summary>
    internal void AddChecked(Tensor activations)
    {
        // Accumulators made in inference mode could not be changed outside it.
        using IDisposable mode = inference_mode(false);
        using IDisposable gradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        long features = activations.shape[^1];
        Tensor rows = activations.detach().reshape(-1, features);
        long atOnce = Math.Max(1, ElementsAtOnce / features);
        for (long first = 0L; first < rows.shape[0]; first += atOnce)
        {
            using DisposeScope piece = NewDisposeScope();
            Absorb(rows.narrow(0, first, Math.Min(atOnce, rows.shape[0] - first)).to(ScalarType.Float64, DeviceFor(activations)));
        }
    }

    /// <summary>Adds what a traced layer returned at its last call.</summary>
    /// <param name="trace">The trace of a layer that returns one tensor, <c>[..., features]</c>. It is not changed.</param>
    /// <exception cref="LayerNotRunException">The layer has not run since the trace was made or cleared.</exception>
    /// <exception cref="InvalidOperationException">The output is not retained, or is not one tensor.</exception>
    /// <exception cref="ArgumentException">As with <see cref="Add(Tensor)"/>. Nothing was added.</exception>
    /// <exception cref="ObjectDisposedException">The statistic or the trace was disposed.</exception>
    public void Add(Trace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        using Tensor activations = trace.Output;
        Add(activations);
    }

    /// <summary>Adds all samples that another statistic has seen, as though they had been added here after its own.</summary>
    /// <param name="other">A statistic of the same type and settings. It is not changed.</param>
    /// <exception cref="ArgumentException">
    /// The other is of another type, has other settings or another number of features, or is this one. Nothing was added.
    /// </exception>
    /// <exception cref="ObjectDisposedException">One of them was disposed.</exception>
    public void Merge(RunningStatistic other)
    {
        ArgumentNullException.ThrowIfNull(other);
        EnsureMergeable(other);
        if (other.Count == 0)
            return;
        using IDisposable mode = inference_mode(false);
        using IDisposable gradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        if (Features is null)
            Start(other.Features!.Value, other.State.Device);
        MergeFrom(other);
        Count += other.Count;
    }

    /// <summary>Frees the accumulators. Results that were read stay valid.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the accumulators.</summary>
    /// <param name="disposing">Whether this is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        IsDisposed = true;
        if (disposing)
            State.Dispose();
    }

    /// <summary>The accumulators for so many features, all 0 before the first sample.</summary>
    private protected abstract IEnumerable<AccumulatorLayout> Layout(long features);

    /// <summary>Adds samples <c>[n, features]</c>, n at least 1, in double precision on the accumulators' device, and leaves them as they are.</summary>
    private protected abstract void Accumulate(Tensor samples);

    /// <summary>Adds what another statistic of the same type and settings, with at least one sample, has seen.</summary>
    private protected abstract void MergeFrom(RunningStatistic other);

    /// <summary>Why another of the same type cannot be merged into this, or null.</summary>
    private protected virtual string? DiffersFrom(RunningStatistic other) => null;

    /// <exception cref="ArgumentException">The activations cannot be added.</exception>
    internal virtual void Check(Tensor activations)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (WhyNotAdd(activations) is { } reason)
            throw new ArgumentException($"{TypeNames.Of(this)} was given {reason}. Nothing was added.");
    }

    /// <exception cref="ArgumentException">The other statistic cannot be merged into this.</exception>
    private void EnsureMergeable(RunningStatistic other)
    {
        if (WhyNotMergeAs(other, "") is { } reason)
            throw new ArgumentException(reason);
    }

    /// <summary>Why another statistic cannot be merged into this, in whole sentences; null if it can.</summary>
    internal string? WhyNotMergeAs(RunningStatistic other, string where)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ObjectDisposedException.ThrowIf(other.IsDisposed, other);
        return WhyNotMerge(other) is { } reason
            ? $"{TypeNames.Of(other)}{where} cannot be merged into {TypeNames.Of(this)}: {reason}. Nothing was added."
            : null;
    }

    internal string? WhyNotMerge(RunningStatistic other)
    {
        if (ReferenceEquals(other, this))
            return "it is the same object";
        if (other.GetType() != GetType())
            return "they are of different types";
        if (Features is { } own && other.Features is { } others && own != others)
            return string.Create(CultureInfo.InvariantCulture, $"it has seen {others} features, this one {own}");
        return DiffersFrom(other);
    }

    /// <summary>Adds samples that are checked and converted.</summary>
    internal void Absorb(Tensor samples)
    {
        Start(samples.shape[1], samples.device);
        Accumulate(samples);
        Count += samples.shape[0];
    }

    /// <summary>A result, computed from the accumulators without a trace in autograd; it joins the caller's dispose scope.</summary>
    private protected Tensor Result(Func<Tensor> compute)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Count == 0)
            throw new InvalidOperationException($"{TypeNames.Of(this)} has no samples yet. Add activations first.");
        using IDisposable mode = inference_mode(false);
        using IDisposable gradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return compute().MoveToOuterDisposeScope();
    }

    private void Start(long features, Device device)
    {
        if (Features is null)
        {
            foreach (AccumulatorLayout layout in Layout(features))
                State[layout.Name] = layout.Make(device);
            Features = features;
        }

        State.MoveTo(device);
    }

    private string? WhyNotAdd(Tensor activations)
    {
        string shape = $"[{string.Join(", ", activations.shape)}]";
        if (activations.dim() == 0)
            return "a scalar, and takes activations of shape [..., features]";
        if (activations.shape[^1] == 0)
            return $"activations of shape {shape}, without features";
        if (Features is { } features && features != activations.shape[^1])
            return string.Create(CultureInfo.InvariantCulture, $"activations of shape {shape} after some with {features} features");
        if (activations.is_meta)
            return "activations on the meta device, which have no values";
        if (activations.is_complex())
            return $"activations of type {activations.dtype}; add their real(), imag() or abs()";
        if (!activations.is_floating_point() || activations.numel() == 0)
            return null;

        (Tensor least, Tensor most) = activations.aminmax();
        (double min, double max) = (least.to(ScalarType.Float64).item<double>(), most.to(ScalarType.Float64).item<double>());
        if (double.IsNaN(min))
            return $"activations of shape {shape} with NaN, the first at {First(activations.isnan())}";
        if (TakesInfinity || (double.IsFinite(min) && double.IsFinite(max)))
            return null;
        return $"activations of shape {shape} with infinity, the first at {First(activations.isinf())}";
    }

    private static string First(Tensor mask) => $"[{string.Join(", ", mask.nonzero()[0].data<long>())}]";

    // Apple's GPUs have no double precision.
    private static Device DeviceFor(Tensor activations) => activations.device_type == DeviceType.MPS ? CPU : activations.device;
}
