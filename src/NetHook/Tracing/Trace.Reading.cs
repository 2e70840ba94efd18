using TorchSharp;

namespace NetHook;

public sealed partial class Trace
{
    /// <summary>What the layer returned at its last call, for a layer that returns one tensor. A fresh handle at each read.</summary>
    /// <exception cref="LayerNotRunException">The layer has not run since the trace was made or cleared.</exception>
    /// <exception cref="InvalidOperationException">The output is not retained, or is not one tensor.</exception>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public torch.Tensor Output => OutputAs<torch.Tensor>();

    /// <summary>What the layer was given at its last call, for a layer that takes one tensor. A fresh handle at each read.</summary>
    /// <exception cref="LayerNotRunException">The layer has not run since the trace was made or cleared.</exception>
    /// <exception cref="InvalidOperationException">The input is not retained, or is not one tensor.</exception>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public torch.Tensor Input => InputAs<torch.Tensor>();

    /// <summary>
    /// The gradient at the output of the last call, for a layer that returns one tensor traced with
    /// <see cref="TraceOptions.RetainGrad"/>. A fresh handle at each read.
    /// </summary>
    /// <exception cref="LayerNotRunException">The layer has not run since the trace was made or cleared.</exception>
    /// <exception cref="InvalidOperationException">Gradients are not retained, or <c>backward()</c> has not reached the layer.</exception>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public torch.Tensor Gradient => GradientAs<torch.Tensor>();

    /// <summary>How often the layer has run since the trace was made or cleared, kept or not, in the trace's scope.</summary>
    public long CallCount => _store.Count;

    /// <summary>The calls that are kept, oldest first: as many as <see cref="TraceOptions.History"/> says.</summary>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public IReadOnlyList<TracedCall> Calls
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            (IReadOnlyList<long> numbers, long first) = _store.Kept;
            return [.. numbers.Select(number => new TracedCall(this, number, number - first))];
        }
    }

    /// <summary>What the layer returned at its last call, as the type that it returns.</summary>
    /// <typeparam name="T">The layer's return type, a tuple for instance.</typeparam>
    /// <returns>Fresh handles to the tensors, in the same structure.</returns>
    /// <inheritdoc cref="Output" path="/exception"/>
    public T OutputAs<T>() => ReadOutput<T>(call: null);

    /// <summary>What the layer was given at its last call, as its argument type, or as a tuple of its arguments.</summary>
    /// <typeparam name="T">The argument's type, or for several arguments a tuple of their types.</typeparam>
    /// <returns>Fresh handles to the tensors, in the same structure.</returns>
    /// <inheritdoc cref="Input" path="/exception"/>
    public T InputAs<T>() => ReadInput<T>(call: null);

    /// <summary>The gradients at the output of the last call, in its structure; null where no gradient arrived.</summary>
    /// <typeparam name="T">The layer's return type, a tuple for instance.</typeparam>
    /// <returns>Fresh handles to the gradients.</returns>
    /// <inheritdoc cref="Gradient" path="/exception"/>
    public T GradientAs<T>() => ReadGradient<T>(call: null);
}
