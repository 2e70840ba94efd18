using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Rebuilds the Sequentials around a range of their leaves: same nesting, same names, same modes, nothing empty.</summary>
/// <param name="context">The copy in the making; null if the layers are shared.</param>
internal sealed class SubsequenceBuilder(CopyContext? context)
{
    /// <summary>The part of a Sequential within the range, where the Sequential's first leaf has a number.</summary>
    internal Sequential Cut(Sequential original, LayerRange range, int firstLeaf = 0)
    {
        if (PermanentEdits.Of(original).FirstOrDefault() is { } edit)
            throw new ArgumentException($"The output of {(edit.Layer.Length == 0 ? "the model" : $"'{edit.Layer}'")} is edited (WithEdit), which a part of it would lose: take it whole.");
        Sequential result = context is null ? new SharedSequential() : nn.Sequential();
        context?.Own(result);
        if (!TorchSharpInternals.IsTraining(original))
            TorchSharpInternals.SetTraining(result, false);

        (List<nn.IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers(original);
        foreach ((nn.IModule<Tensor, Tensor> module, string name) in modules.Zip(names))
        {
            var child = (Module)module;
            var leaves = new LayerRange(firstLeaf, firstLeaf += SequentialLeaves.Count(child));
            if (Math.Max(leaves.First, range.First) >= Math.Min(leaves.End, range.End))
                continue;
            if (leaves.First >= range.First && leaves.End <= range.End)
                result.append(name, context is null ? module : (nn.IModule<Tensor, Tensor>)context.CopyPart(module, "." + name)!);
            else
                result.append(name, Cut((Sequential)child, range, leaves.First));
        }

        return result;
    }
}
