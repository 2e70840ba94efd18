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
            (IReadOnlyList<(long Number, PassStep? Step)> calls, long first) = _store.KeptCalls;
            return [.. calls.Select(call => new TracedCall(this, call.Number, call.Number - first, call.Step))];
        }
    }

    /// <summary>
    /// The call that was made in a step of a generation: <c>trace.AtStep(3).Output</c> is what the layer gave at the third new token.
    /// Needs <see cref="TraceOptions.History"/> unless it is the last one.
    /// </summary>
    /// <param name="step">The step. 0 reads the prompt; step n computes the position of the n-th new token, and so tells the one behind it.</param>
    /// <returns>The call; the last one, if several generations were traced.</returns>
    /// <exception cref="InvalidOperationException">No call of that step is kept.</exception>
    /// <exception cref="ObjectDisposedException">The trace was disposed.</exception>
    public TracedCall AtStep(int step)
    {
        IReadOnlyList<TracedCall> calls = Calls;
        for (int i = calls.Count - 1; i >= 0; i--)
        {
            if (calls[i].Step == step)
                return calls[i];
        }

        int[] kept = [.. calls.Where(call => call.Step is not null).Select(call => call.Step!.Value).Distinct().Order()];
        string advice = kept.Length == 0
            ? "No call that is kept was made by a generation."
            : $"Kept are those of {(kept.Length == 1 ? $"step {kept[0]}" : $"steps {kept[0]} to {kept[^1]}")} (History keeps the {Options.History}).";
        throw new InvalidOperationException($"No call of layer {Described} at step {step} is kept. {advice} The last token that was generated is not run, since nothing follows it.");
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
