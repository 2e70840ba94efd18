using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Lets a delegate rewrite the gradient that flows back through a tensor: an identity whose backward calls it.</summary>
internal sealed class GradientEdit(Trace trace, Func<Tensor, Tensor?> edit)
{
    /// <summary>The tensor as its successors are to see it. A copy, so that they may work on it in place.</summary>
    public Tensor Attach(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return Gate.apply(tensor, this).MoveToOuterDisposeScope();
    }

    // An exception must not cross libtorch's frames: it is kept for the trace's reader, and the gradient is made
    // unusable, so that nothing is trained on what the edit was to have changed.
    private Tensor Backward(Tensor gradient)
    {
        try
        {
            using var scope = EditScope.Open();
            var edited = scope.Close(gradient, edit(gradient));
            if (edited.shape.AsSpan().SequenceEqual(gradient.shape)) return edited;
            throw new InvalidOperationException(
                $"EditGradient of layer {trace.Described} was given a gradient of shape [{string.Join(", ", gradient.shape)}] "
                + $"and returned one of shape [{string.Join(", ", edited.shape)}]. Return one of the same shape.");
        }
#pragma warning disable CA1031 // Kept and thrown again by Trace: nothing may be thrown through native code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            trace.GradientEditFailed(exception);
            return gradient.FilledWith(double.NaN);
        }
    }

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
            if (grad_output.IsInvalid) return [null!, null!];
            List<Tensor> returned = [((GradientEdit)ctx.get_data(EditKey)).Backward(grad_output), null!];

            // Native code takes the gradient over only after this has returned, when nothing else need refer to it.
            ctx.save_data(ReturnedKey, returned);
            return returned;
        }
    }
}
