using TorchSharp;

namespace NetHook;

/// <summary>One call of a traced layer, as kept by <see cref="Trace.Calls"/>.</summary>
/// <remarks>
/// A view of the trace, which owns no tensors: each read gives a fresh handle that is the reader's, and throws
/// <see cref="InvalidOperationException"/> when the trace no longer keeps this very call, because the layer ran again
/// or the trace was cleared.
/// </remarks>
public readonly record struct TracedCall
{
    private readonly Trace _trace;
    private readonly PassStep? _step;

    internal TracedCall(Trace trace, long key, long number, PassStep? step = null)
    {
        (_trace, _step) = (trace, step);
        Key = key;
        Number = number;
    }

    /// <summary>
    /// Which call of the layer this is, counted from 0 since the trace was made or, if that was later, last cleared
    /// before the call was listed.
    /// </summary>
    public long Number { get; }

    /// <summary>
    /// Which step of a generation made the call: 0 read the prompt, step n computed the position of the n-th new token. Null for a
    /// forward pass that is no step of anything.
    /// </summary>
    public int? Step => _step?.Number;

    /// <summary>
    /// Which positions the step computed, as the layer's output holds them: with a cache one in each step but the first, without it
    /// all from 0 on. Positions of a batch count its columns, padding included. Null as <see cref="Step"/>.
    /// </summary>
    public Range? Positions => _step is null ? null : _step.Start.._step.End;

    /// <summary>The call's number since the trace was made, whatever was cleared meanwhile.</summary>
    internal long Key { get; }

    /// <summary>What the layer returned, for a layer that returns one tensor. A fresh handle at each read.</summary>
    public torch.Tensor Output => OutputAs<torch.Tensor>();

    /// <summary>What the layer was given, for a layer that takes one tensor. A fresh handle at each read.</summary>
    public torch.Tensor Input => InputAs<torch.Tensor>();

    /// <summary>The gradient at this call's output, after <c>backward()</c>. A fresh handle at each read.</summary>
    public torch.Tensor Gradient => GradientAs<torch.Tensor>();

    /// <summary>What the layer returned, as the type that it returns.</summary>
    /// <typeparam name="T">The layer's return type.</typeparam>
    /// <returns>Fresh handles to the tensors, in the same structure.</returns>
    public T OutputAs<T>() => _trace.ReadOutput<T>(this);

    /// <summary>What the layer was given, as its argument type, or as a tuple of its arguments.</summary>
    /// <typeparam name="T">The argument's type, or a tuple of the arguments' types.</typeparam>
    /// <returns>Fresh handles to the tensors, in the same structure.</returns>
    public T InputAs<T>() => _trace.ReadInput<T>(this);

    /// <summary>The gradients at this call's output, in its structure; null where no gradient arrived.</summary>
    /// <typeparam name="T">The layer's return type.</typeparam>
    /// <returns>Fresh handles to the gradients.</returns>
    public T GradientAs<T>() => _trace.ReadGradient<T>(this);

    /// <summary>Says which call this is.</summary>
    /// <returns>The call's number and the layer.</returns>
    public override string ToString() => $"call {Number} of layer {_trace.Described}";
}
