using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Zeros that are added to what a layer gives, so that their gradient is that of the layer's output: of a frozen model as of any other,
/// and without a gradient for any parameter. The tensors belong to the dispose scope that it was made in.
/// </summary>
internal sealed class Probe(DisposeScope owner)
{
    /// <summary>The zeros; null until the layer ran.</summary>
    public Tensor? Zeros { get; private set; }

    /// <summary>What the layer gave, with the zeros, in the graph.</summary>
    public Tensor? Value { get; private set; }

    /// <summary>The gradient of what the layer gave. Zeros if nothing flowed back to it.</summary>
    public Tensor Gradient => Zeros!.grad ?? zeros_like(Zeros);

    /// <summary>The layer's output plus the zeros.</summary>
    public Tensor Into(Tensor output)
    {
        Zeros = Keep(zeros_like(output, requires_grad: true));
        Value = Keep(output.Plus(Zeros));
        return Value.alias();
    }

    private Tensor Keep(Tensor made)
    {
        made.DetachFromDisposeScope();
        owner.Attach(made);
        return made;
    }
}
