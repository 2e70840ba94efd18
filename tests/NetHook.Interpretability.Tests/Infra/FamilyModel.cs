using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>The recorded models of all families, speaking the tiny vocabulary, and whole passes over them.</summary>
internal static class FamilyModel
{
    /// <summary>The families that differ in what an experiment on heads meets: grouped heads, caps, windows, rotation, parallel blocks.</summary>
    public static TheoryData<string> Names => ["gpt2", "llama", "gpt_neox", "gemma2", "phi", "qwen3"];

    /// <summary>Makes one. The caller disposes it.</summary>
    public static LanguageModel Of(string family) =>
        new(DecoderModel.FromPretrained(Path.Combine(FamilyRecord.Root, family)), TinyVocabulary.Tokenizer);

    /// <summary>The logit difference behind the last token, of one whole pass.</summary>
    public static double Difference(LanguageModel model, PromptPair pair, IReadOnlyList<int> tokens)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = model.Model.call(model.Parts.Ids(tokens))[0, -1];
        return (logits[pair.CleanAnswerId] - logits[pair.CounterfactualAnswerId]).item<float>();
    }

    /// <summary>What layers give in one whole pass.</summary>
    public static Dictionary<string, Tensor> Outputs(LanguageModel model, IEnumerable<string> layers, IReadOnlyList<int> tokens)
    {
        using IDisposable _ = no_grad();
        string[] all = [.. layers.Distinct()];
        using var traces = new TraceDict(model.Model, all);
        model.Model.call(model.Parts.Ids(tokens));
        return all.ToDictionary(layer => layer, layer => traces[layer].Output);
    }

    /// <summary>Puts one head's rows at some positions in place of those that a layer gives.</summary>
    public static Trace PutIn(LanguageModel model, string layer, Tensor source, int head, IEnumerable<PatchedToken> tokens) => new(model.Model, layer, new()
    {
        RetainOutput = false,
        EditOutput = (Tensor output) =>
        {
            Tensor patched = output.clone();
            foreach (PatchedToken token in tokens)
                patched[0, head, token.CounterfactualPosition] = source[0, head, token.CleanPosition];
            return patched;
        },
    });
}
