using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>Activation modules by Hugging Face's names.</summary>
internal static class Activations
{
    private static readonly Dictionary<string, Func<Module<Tensor, Tensor>>> Makers = new()
    {
        ["gelu_new"] = () => GELU(TorchSharp.Modules.GELU.Approximate.tanh),
        ["gelu_fast"] = () => GELU(TorchSharp.Modules.GELU.Approximate.tanh),
        ["gelu_accurate"] = () => GELU(TorchSharp.Modules.GELU.Approximate.tanh),
        ["gelu_python_tanh"] = () => GELU(TorchSharp.Modules.GELU.Approximate.tanh),
        ["gelu_pytorch_tanh"] = () => GELU(TorchSharp.Modules.GELU.Approximate.tanh),
        ["gelu"] = () => GELU(),
        ["gelu_python"] = () => GELU(),
        ["relu"] = () => ReLU(),
        ["silu"] = () => SiLU(),
        ["swish"] = () => SiLU(),
        ["tanh"] = () => Tanh(),
    };

    public static IReadOnlyCollection<string> Names => Makers.Keys;

    public static Module<Tensor, Tensor> Make(string name) => Makers[name]();
}
