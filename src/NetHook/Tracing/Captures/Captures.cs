using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Makes, hands out and frees what traces keep: handles that belong to no dispose scope.</summary>
internal static class Captures
{
    /// <summary>Keeps a value: the same storage, or a copy; in the graph, or cut off from it.</summary>
    public static object? Keep<T>(T value, bool clone, bool detach) =>
        value is Tensor tensor ? Keep(tensor, clone, detach) : KeepTree(value, clone, detach);

    /// <summary>Keeps a value so that it collects gradients: what the model goes on with must come from <see cref="Continue"/>.</summary>
    public static T CaptureWithGrad<T>(T value, bool clone, string layer, nn.Module module)
    {
        int differentiable = 0;
        T? kept = TensorTree.Map(value, tensor =>
        {
            if (!IsDifferentiable(tensor))
                return Keep(tensor, clone, detach: false);
            differentiable++;
            return Leaf(tensor, clone);
        });
        if (differentiable > 0)
        {
            if (kept is not Tensor)
                TreeRun.Visit(kept, static _ => { }, PackedSequences.RetainGrad);
            return kept;
        }

        Free(kept);
        throw new InvalidOperationException(
            $"RetainGrad at layer {MessageText.Layer(layer, module)}: its output has no floating-point tensor (it is "
            + $"{string.Join(", ", TensorTree.Tensors(value).Where(tensor => !tensor.IsInvalid).Select(tensor => tensor.dtype))}), and only these have gradients. Trace without RetainGrad.");
    }

    /// <summary>What the model goes on with after <see cref="CaptureWithGrad"/>: copies, which later layers may change in place.</summary>
    public static T Continue<T>(T kept, bool copy) =>
        TensorTree.Map(kept, tensor => copy && IsDifferentiable(tensor) ? tensor.clone() : tensor.IsInvalid ? tensor : tensor.alias());

    /// <summary>Fresh handles for a reader.</summary>
    public static T ReadAs<T>(object? kept, Asked asked) => kept switch
    {
        Tensor tensor when typeof(T) == typeof(Tensor) => (T)(object)(tensor.IsInvalid ? tensor : tensor.alias()),
        NotKept failure => throw new InvalidOperationException($"{asked.Subject} could not be kept. {failure.Why.Message}", failure.Why),
        T value => TensorTree.Map(value, tensor => tensor.alias()),
        null when default(T) is null && typeof(T) != typeof(Tensor) => default!,
        null => throw new InvalidOperationException($"{asked.Subject} is null."),
        _ => throw WrongType<T>(kept, asked),
    };

    /// <summary>Fresh handles to the gradients, null where none arrived.</summary>
    public static T ReadGradientAs<T>(object? kept, Asked asked)
    {
        if (kept is not T value)
            throw WrongType<T>(kept, asked);
        bool any = false;
        bool collects = false;
        T? gradients = TensorTree.Map(value, tensor =>
        {
            Tensor? gradient = IsDifferentiable(tensor) ? tensor.grad : null;
            any |= gradient is not null;
            collects |= tensor.requires_grad;
            return gradient!;
        });
        if (any)
            return gradients;
        throw new InvalidOperationException(collects
            ? $"No gradient has reached layer {asked.Described}. Call backward() on something computed from its output in this pass."
            : $"This call of layer {asked.Described} has no gradient: it ran where gradients are switched off (no_grad or inference_mode). "
                + "With History = CallHistory.All, Calls holds the calls that have one.");
    }

    public static void Free(object? kept)
    {
        if (ReferenceEquals(kept, Capture.NotSeen))
            return;
        switch (kept)
        {
            case null or NotKept:
                break;
            case Tensor tensor:
                tensor.Dispose();
                break;
            default:
                TensorTree.Free(kept);
                break;
        }
    }

    // Apart from Keep, which would otherwise allocate this function's captures for a single tensor too. Who only watches must not
    // break the pass: what cannot be kept is said to whoever reads it.
    private static object? KeepTree<T>(T value, bool clone, bool detach)
    {
        try
        {
            return TensorTree.Map(value, tensor => Keep(tensor, clone, detach));
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException or InsufficientExecutionStackException)
        {
            return new NotKept(exception);
        }
    }

    private static Tensor Keep(Tensor tensor, bool clone, bool detach)
    {
        // A tensor without a handle, which holds nothing, is kept as what it is: it must not break the pass.
        if (tensor.IsInvalid)
            return tensor;
        if (!detach)
            return (clone ? tensor.clone() : tensor.alias()).DetachFromDisposeScope();
        if (!clone)
            return tensor.detach().DetachFromDisposeScope();
        return TensorCopies.CloneDetached(tensor).DetachFromDisposeScope();
    }

    // A tensor that is a leaf already (the caller's own, returned by the layer, say) is never touched: its gradient
    // would be the caller's, and would count what other paths add.
    private static Tensor Leaf(Tensor tensor, bool clone)
    {
        bool own = clone || (tensor.requires_grad && tensor.is_leaf);
        return TensorCopies.ForGradients(tensor, own).DetachFromDisposeScope();
    }

    private static bool IsDifferentiable(Tensor tensor) => !tensor.IsInvalid && (tensor.is_floating_point() || tensor.is_complex());

    private static InvalidOperationException WrongType<T>(object? kept, Asked asked)
    {
        if (kept is null)
            return new($"{asked.Subject} is null.");
        (string found, string wanted) = TypeNames.Apart(kept.GetType(), typeof(T));
        return new($"{asked.Subject} is {found}, not {wanted}. Read it with {asked.Reader}As<{found}>().");
    }

    /// <summary>Stands for a value whose tensors were not found.</summary>
    private sealed record NotKept(Exception Why);
}
