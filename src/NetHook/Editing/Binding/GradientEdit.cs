using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Lets a delegate rewrite the gradient that flows back through a tensor: an identity whose backward calls it.</summary>
/// <remarks>
/// No exception may pass through libtorch's frames. What the edit throws is kept until someone takes it, and the gradient becomes
/// NaN, so that nothing is trained on what the edit was to have changed.
/// </remarks>
internal sealed class GradientEdit(EditSite site, Func<Tensor, Tensor?> edit)
{
    private Exception? _failure;
    private volatile bool _ended;

    /// <summary>What the edit threw during backward(), explained; null if nothing. Reading does not use it up.</summary>
    public InvalidOperationException? Failure => Explain(Volatile.Read(ref _failure));

    /// <summary>What the edit threw during backward(), to be thrown where it can be caught; once, then it is forgotten.</summary>
    public InvalidOperationException? TakeFailure() =>
        Volatile.Read(ref _failure) is null ? null : Explain(Interlocked.Exchange(ref _failure, null));

    /// <summary>Lets gradients pass as they are from now on: nobody is left to whom a failure could be said.</summary>
    public void End() => _ended = true;

    /// <summary>The value as what follows is to see it: the tensors that have gradients are copies, which may be worked on in place.</summary>
    public T AttachTo<T>(T value) => TensorTree.Map(value, tensor => !tensor.IsInvalid && tensor.requires_grad && is_grad_enabled() ? Attach(tensor) : tensor);

    private Tensor Attach(Tensor tensor)
    {
        using DisposeScope scope = NewDisposeScope();
        return Gate.apply(tensor, this).MoveToOuterDisposeScope();
    }

    private Tensor Backward(Tensor gradient)
    {
        if (_ended)
            return gradient;

        // The edit may dispose the gradient that it is given.
        using Tensor spare = gradient.alias().DetachFromDisposeScope();
        try
        {
            using var scope = EditScope.Open(site);
            Tensor? edited = edit(gradient);
            if (edited is null && gradient.IsInvalid)
                return spare.alias().DetachFromDisposeScope();
            edited = scope.Close(gradient, edited);
            if (edited.shape.AsSpan().SequenceEqual(spare.shape))
                return edited;
            throw new InvalidOperationException(
                $"{site} was given a gradient of shape [{string.Join(", ", spare.shape)}] "
                + $"and returned one of shape [{string.Join(", ", edited.shape)}]. Return one of the same shape.");
        }
#pragma warning disable CA1031 // Kept and thrown again later: nothing may be thrown through native code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (_ended)
                return spare.alias();
            Interlocked.CompareExchange(ref _failure, exception, null);
            return spare.FilledWith(double.NaN);
        }
    }

    private InvalidOperationException? Explain(Exception? failure) => failure is null ? null : new(
        $"{site} threw during backward(): {failure.Message} Every gradient that flowed through it is NaN since.",
        failure);

    private sealed class Gate : autograd.SingleTensorFunction<Gate>
    {
        private const string EditKey = "edit";
        private const string ReturnedKey = "returned";

        public override string Name => "NetHook.EditGradient";

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data(EditKey, vars[1]);
            ctx.set_materialize_grads(false);
            return ((Tensor)vars[0]).clone();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            if (grad_output.IsInvalid)
                return [null!, null!];
            List<Tensor> returned = [((GradientEdit)ctx.get_data(EditKey)).Backward(grad_output), null!];

            // Native code takes the gradient over only after this has returned, when nothing else need refer to it.
            ctx.save_data(ReturnedKey, returned);
            return returned;
        }
    }
}
