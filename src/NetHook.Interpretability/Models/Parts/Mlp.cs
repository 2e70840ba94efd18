using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>Two layers with an activation between, at each token by itself. Each family has its own names for them.</summary>
internal sealed class Mlp : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> _up, _activation, _down;

    public Mlp(
        (string Name, Module<Tensor, Tensor> Layer) up, (string Name, Module<Tensor, Tensor> Layer) activation, (string Name, Module<Tensor, Tensor> Layer) down)
        : base(nameof(Mlp))
    {
        (_up, _activation, _down) = (up.Layer, activation.Layer, down.Layer);
        register_module(up.Name, _up);
        register_module(activation.Name, _activation);
        register_module(down.Name, _down);
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(_down.call(_activation.call(_up.call(input))));
    }
}
