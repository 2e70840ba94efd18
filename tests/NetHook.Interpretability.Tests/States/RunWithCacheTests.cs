using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RunWithCacheTests : IDisposable
{
    private static readonly string[] Prompts = ["The capital of France is", "The", "a capital"];

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    [Fact]
    public void Activations_of_all_prompts_come_from_one_pass()
    {
        using var passes = new Trace(_model.Model);
        using ActivationCache cache = _model.RunWithCache(Prompts, ["transformer.h.*", "transformer.wte", "transformer.h.1"]);

        Assert.Equal(1, passes.CallCount);
        Assert.Equal(["transformer.h.0", "transformer.h.1", "transformer.h.2", "transformer.wte"], cache.Keys);
        Assert.Equal([3, cache.Batch.Length, 12], cache["transformer.h.2"].shape);
        Assert.Equal([3, cache.Batch.Length, _model.VocabularySize], cache.Logits.shape);
        Assert.False(cache.Logits.requires_grad);
        for (int row = 0; row < Prompts.Length; row++)
        {
            using var alone = new TraceDict(_model.Model, cache.Keys);
            Tensor logits = _model.Model.call(_model.Tokens(Prompts[row]));
            Assert.True(cache.Batch.Row(cache.Logits, row).allclose(logits[0], 1e-5, 1e-5));
            foreach (string layer in cache.Keys)
                Assert.True(cache.Row(layer, row).allclose(alone[layer].Output[0], 1e-5, 1e-5));
        }
    }

    [Fact]
    public void Reads_are_fresh_handles_that_outlive_the_cache()
    {
        ActivationCache cache = _model.RunWithCache(Prompts, ["transformer.h.0"]);
        Tensor read = cache["transformer.h.0"];
        read.Dispose();
        Tensor again = cache["transformer.h.0"];
        cache.Dispose();
        cache.Dispose();

        Assert.Equal(12, again.shape[2]);
        Assert.Throws<ObjectDisposedException>(() => cache["transformer.h.0"]);
        Assert.Throws<ObjectDisposedException>(() => cache.Logits);
    }

    [Fact]
    public void Statistics_without_padding_are_those_of_the_prompts_alone()
    {
        using RunningMean together = new(), alone = new();
        using ActivationCache cache = _model.RunWithCache(Prompts, ["transformer.h.1"]);
        together.Add(cache.Batch.WithoutPadding(cache["transformer.h.1"]));
        using var trace = new Trace(_model.Model, "transformer.h.1");
        foreach (string prompt in Prompts)
        {
            _model.Model.call(_model.Tokens(prompt));
            alone.Add(trace.Output);
        }

        Assert.Equal(alone.Count, together.Count);
        Assert.True(together.Mean().allclose(alone.Mean(), 1e-5, 1e-5));
    }

    [Fact]
    public void Places_inside_of_attentions_are_kept_too()
    {
        using ActivationCache cache = _model.RunWithCache(Prompts, ["**.pattern"]);

        Assert.Equal(3, cache.Count);
        Assert.Equal([3, 2, cache.Batch.Length, cache.Batch.Length], cache["transformer.h.0.attn.pattern"].shape);
        Assert.Throws<ArgumentException>(() => cache.Row("transformer.h.0.attn.pattern", 0));
    }

    [Fact]
    public void A_model_of_ones_own_has_activations_too()
    {
        using var model = new LanguageModel(OwnModel.Make(Speaking.Tokenizer.VocabularySize), Speaking.Tokenizer, OwnModel.Layout);
        using ActivationCache cache = model.RunWithCache(Prompts, ["blocks.*"]);
        using var alone = new Trace(model.Model, "blocks.2");
        model.Model.call(model.Tokens("The"));

        Assert.True(cache.Row("blocks.2", 1).allclose(alone.Output[0], 1e-5, 1e-5));
    }

    [Fact]
    public void What_cannot_be_run_or_kept_is_refused()
    {
        using var passes = new Trace(_model.Model);
        Assert.Throws<NoModuleMatchesException>(() => _model.RunWithCache(Prompts, ["transformer.x"]));
        Assert.Contains("No layers", Assert.Throws<ArgumentException>(() => _model.RunWithCache(Prompts, [])).Message);
        Assert.Contains("Prompt 1 is empty", Assert.Throws<ArgumentException>(() => _model.RunWithCache(["a", ""], ["**"])).Message);
        Assert.Contains("at most 24", Assert.Throws<ArgumentException>(() => _model.RunWithCache([string.Concat(Enumerable.Repeat(Prompts[0], 9))], ["**"])).Message);
        Assert.Equal(0, passes.CallCount);
        using ActivationCache cache = _model.RunWithCache(Prompts, ["transformer.h.0"]);
        Assert.Equal("Layer 'x' was not kept. Kept are: transformer.h.0.", Assert.Throws<KeyNotFoundException>(() => cache["x"]).Message);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
