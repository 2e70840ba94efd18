using static TorchSharp.torch;

namespace NetHook;

/// <summary>Ways to copy one tensor that take more than one of torch's operations, or should take only one.</summary>
internal static class TensorCopies
{
    /// <summary>The storage copied, outside the graph: one operation, where <c>detach().clone()</c> is two.</summary>
    internal static Tensor CloneDetached(Tensor tensor)
    {
        if (!tensor.requires_grad)
            return tensor.clone();
        using (no_grad())
            return tensor.clone();
    }

    /// <summary>A copy that collects its gradient. The original's own settings are left alone.</summary>
    internal static Tensor ForGradients(Tensor tensor, bool clone)
    {
        if (!tensor.requires_grad)
            return (clone ? tensor.clone() : tensor.detach()).requires_grad_();
        Tensor copy = clone ? tensor.clone() : tensor.alias();
        copy.retain_grad();
        return copy;
    }
}
