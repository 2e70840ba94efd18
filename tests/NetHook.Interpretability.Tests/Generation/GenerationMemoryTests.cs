using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class GenerationMemoryTests
{
    [Fact]
    public async Task Generations_leave_no_tensors_however_they_end()
    {
        using LanguageModel model = Speaking.Model();
        GenerationOptions options = new() { StopTokens = [], Temperature = 1 };
        long before = LiveTensors.Count();

        model.Generate(["The capital", "The"], 5, options);
        await foreach (GeneratedToken _ in model.GenerateStream("The", 5, options))
            break;
        using (new Trace(model.Model, "transformer.h.1", new() { EditOutput = Throw, RetainOutput = false }))
            Assert.Throws<NotSupportedException>(() => model.Generate("The", 5, options));
        using (var stop = new Trace(model.Model, "transformer.h.1", new() { Stop = true }))
            stop.Run(() => model.Generate("The", 5, options));
        using (ActivationCache cache = model.RunWithCache(["The capital", "The"], ["transformer.h.*"]))
            Assert.Equal(3, cache.Count);

        Assert.Equal(before, LiveTensors.Count());

        Tensor? Throw(Tensor output) => output.shape[1] == 1 ? throw new NotSupportedException() : null;
    }

    [Fact]
    public void A_cache_grows_with_the_tokens()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model(Tiny.Config with { NPositions = 400 });
        using IDisposable _ = no_grad();
        foreach (int tokens in new[] { 10, 100, 300 })
        {
            using var cache = new KeyValueCache();
            for (int i = 0; i < tokens; i++)
            {
                using DisposeScope inner = NewDisposeScope();
                model.ForwardWith(cache, ones([1, 1], ScalarType.Int64));
            }

            // Two layers, keys and values, four bytes for each of six numbers; room for at most twice as many, or 16.
            Assert.InRange(cache.Bytes, 2 * 2 * 6 * 4 * tokens, 2 * 2 * 6 * 4 * Math.Max(32, 2 * tokens));
        }
    }
}
