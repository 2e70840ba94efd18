using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Copies embeddings and embedding bags, of which TorchSharp tells the weight and nothing else.</summary>
internal sealed class EmbeddingCopier : NativeModuleCopier
{
    protected override Module Rebuild(Module original, CopyContext context) =>
        original is Embedding embedding ? RebuildEmbedding(embedding, context) : RebuildBag((EmbeddingBag)original, context);

    // A copy gets a small weight first, which the copied one then replaces: so the weight is never held twice.
    private static Embedding RebuildEmbedding(Embedding original, CopyContext context)
    {
        EmbeddingSettings seen;
        using (var probe = new EmbeddingProbe(original))
            seen = EmbeddingSettings.Observe(probe);
        Embedding copy = nn.Embedding(
            seen.FewestRows, 1, seen.PaddingIndex, seen.MaxNorm, seen.NormType, seen.ScaleGradientByFrequency, seen.Sparse);
        using (EmbeddingProbe one = new(original), other = new(copy))
            CheckAlike(original, seen, one, other, context);
        using Parameter weight = original.weight!;
        SetWeight(original, weight, copy, own => copy.weight = own, context);
        return copy;
    }

    private static EmbeddingBag RebuildBag(EmbeddingBag original, CopyContext context)
    {
        EmbeddingSettings seen;
        EmbeddingBagMode mode;
        bool includesLastOffset;
        using (var probe = new EmbeddingProbe(original))
        {
            seen = EmbeddingSettings.Observe(probe);
            mode = ObserveMode(original, probe, seen);
            includesLastOffset = probe.IncludesLastOffset;
        }

        EmbeddingBag copy = nn.EmbeddingBag(
            seen.FewestRows, 1, seen.MaxNorm, seen.NormType, seen.ScaleGradientByFrequency, mode, seen.Sparse, includesLastOffset, seen.PaddingIndex ?? -1);
        using (EmbeddingProbe one = new(original), other = new(copy))
            CheckAlike(original, seen, one, other, context);
        using Parameter weight = original.weight!;
        SetWeight(original, weight, copy, own => copy.weight = own, context);
        return copy;
    }

    /// <summary>What bags of ones and zeros become shows how they are summed up. A limited norm scales all alike.</summary>
    private static EmbeddingBagMode ObserveMode(EmbeddingBag original, EmbeddingProbe probe, EmbeddingSettings seen)
    {
        using DisposeScope scope = NewDisposeScope();
        long one = seen.PaddingIndex == 0 ? 1 : 0, zero = seen.PaddingIndex is 0 or 1 ? 2 : 1;
        Tensor weight = zeros(Math.Max(seen.FewestRows, 3), 1, float64);
        weight[one] = 1;
        probe.Use(weight);
        // One alone, two ones, one and zero; and an end, or an empty bag.
        double[] bags = original.forward(tensor([one, one, one, one, zero]), tensor([0L, 1, 3, 5]), null).data<double>().ToArray();
        return bags[1] == bags[2] ? EmbeddingBagMode.Max : bags[1] == bags[0] ? EmbeddingBagMode.Mean : EmbeddingBagMode.Sum;
    }

    /// <summary>
    /// Gives the copy its weight: the registered one, as a rule. An embedding made from a pretrained tensor has another one registered, by an
    /// oversight in TorchSharp, and so has its copy.
    /// </summary>
    private static void SetWeight(Module original, Parameter weight, Module copy, Action<Parameter> set, CopyContext context)
    {
        OrderedDict<string, Parameter> registered = TorchSharpInternals.Parameters(copy);
        using Parameter initial = registered["weight"];
        if (TorchSharpInternals.Parameters(original).TryGetValue("weight", out Parameter? known)
            && TorchSharpInternals.Identity(known) == TorchSharpInternals.Identity(weight))
        {
            set((Parameter)context.CopyPart(known, ".weight")!);
            return;
        }

        set((Parameter)context.Tensors.CopyForNative(weight));
        registered.Remove("weight");
    }

    private static void CheckAlike(Module original, EmbeddingSettings seen, EmbeddingProbe one, EmbeddingProbe other, CopyContext context)
    {
        if (!seen.LimitAlike(one, other))
            throw context.Refused(original.GetType(), "its max_norm or norm_type cannot be observed exactly");
    }
}
