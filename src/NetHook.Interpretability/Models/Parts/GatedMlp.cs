using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// An MLP whose hidden numbers are let through by a gate (Shazeer 2020): down(activation(gate(x)) · up(x)). What enters the
/// last layer passes through <c>keys</c>, a place for traces.
/// </summary>
internal sealed class GatedMlp : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> gate_proj, up_proj, act_fn, keys, down_proj;

    public GatedMlp(long width, long inner, string activation, bool bias, WeightFactory make)
        : base(nameof(GatedMlp))
    {
        gate_proj = make.Linear(width, inner, bias);
        up_proj = make.Linear(width, inner, bias);
        act_fn = Activations.Make(activation);
        keys = new Place();
        down_proj = make.Linear(inner, width, bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = keys.call(act_fn.call(gate_proj.call(input)) * up_proj.call(input));
        return scope.MoveToOuter(down_proj.call(hidden));
    }
}
