using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using NetHook.Tests;
using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Interpretability.Tests;

/// <summary>All that operations promise to leave as it was, as lines of text: hooks, flags and weights of models, and the thread's modes.</summary>
internal static class ModelState
{
    public static List<string> Of(PromiseSubject subject) =>
    [
        $"gradients are on: {is_grad_enabled()}; inference mode: {is_inference_mode_enabled()}",
        .. subject.Models.SelectMany(pair => Of(pair.Key, pair.Value)),
    ];

    private static IEnumerable<string> Of(string name, Module model)
    {
        yield return $"{name}: {model.ActiveTraces().Count} traces";
        foreach ((string path, Module module) in model.named_modules().Prepend(("", model)))
        {
            yield return $"{name} {path}: module {Id(module)}, training {module.training}, hooks {string.Join(",", Hooks.Of(module).Select(Id))}";
            foreach ((string own, TorchSharp.Modules.Parameter parameter) in module.named_parameters(recurse: false))
                yield return $"{name} {path}.{own}: {Of(parameter)}, gradient {(parameter.grad is null ? "none" : "set")}";
            foreach ((string own, Tensor buffer) in module.named_buffers(recurse: false))
                yield return $"{name} {path}.{own}: {Of(buffer)}";
        }
    }

    private static string Of(Tensor tensor) => tensor.IsInvalid ? "disposed"
        : $"tensor {Id(tensor)} {Convert.ToHexString(SHA256.HashData(tensor.bytes))}, requires_grad {tensor.requires_grad}";

    private static int Id(object value) => RuntimeHelpers.GetHashCode(value);
}
