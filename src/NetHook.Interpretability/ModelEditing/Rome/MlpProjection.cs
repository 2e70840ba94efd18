using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>The last linear layer of an MLP, from keys to values.</summary>
/// <param name="Path">Its path.</param>
/// <param name="KeysFirst">Whether its weight is <c>[keys, width]</c>, as GPT-2's, or else <c>[width, keys]</c>, as TorchSharp's.</param>
/// <param name="Keys">How many numbers a key has.</param>
/// <param name="Width">How many numbers a value has.</param>
internal sealed record MlpProjection(string Path, bool KeysFirst, long Keys, long Width)
{
    /// <summary>The path of its weight.</summary>
    public string Parameter => $"{Path}.weight";

    /// <exception cref="LayoutException">The layer at that place is not linear in its parameter <c>weight</c>.</exception>
    public static MlpProjection Of(Module model, TransformerLayout layout, int layer)
    {
        string path = layout.MlpProjection(layer);
        Module module = model.GetModule(path);
        Parameter? weight = ModuleParameters.Find(module, "weight");
        if (module is not Module<Tensor, Tensor> linear || weight is null || weight.dim() != 2)
            throw NotLinear(path, module);
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach (bool keysFirst in new[] { false, true })
        {
            Tensor byKeys = keysFirst ? weight : weight.t();
            if (Agrees(linear, byKeys))
                return new(path, keysFirst, byKeys.shape[0], byKeys.shape[1]);
        }

        throw NotLinear(path, module);
    }

    /// <summary>Whether the layer gives what its weight, taken as <c>[keys, width]</c>, gives: asked of the layer, since a square weight does not show it.</summary>
    private static bool Agrees(Module<Tensor, Tensor> linear, Tensor weight)
    {
        Tensor key = HeldScalars.Range(weight.shape[0]).to(ScalarType.Float32).cos().to(weight.dtype, weight.device);
        try
        {
            // What is attached to the layer was not asked about this.
            Tensor both = linear.forward(stack([zeros_like(key), key]).unsqueeze(0)).to(ScalarType.Float64);
            Tensor expected = key.unsqueeze(0).matmul(weight)[0].to(ScalarType.Float64), found = both[0, 1] - both[0, 0];
            double tolerance = weight.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? 0.05 : 1e-3;
            return found.shape.AsSpan().SequenceEqual(expected.shape)
                && (found - expected).abs().max().item<double>() <= tolerance * Math.Max(both.abs().max().item<double>(), expected.abs().max().item<double>());
        }
        catch (ExternalException)
        {
            // The layer does not take so many numbers.
            return false;
        }
    }

    private static LayoutException NotLinear(string path, Module module) => new(
        nameof(TransformerLayout.MlpProjectionPath), path,
        $"MlpProjectionPath of the layout leads to '{path}' ({TypeNames.Of(module)}), which is not linear in a parameter 'weight' of [keys, width] or [width, keys]: an edit of ROME changes that parameter. Name the linear layer itself.");
}
