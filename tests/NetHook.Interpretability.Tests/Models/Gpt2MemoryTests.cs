using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class Gpt2MemoryTests
{
    [Fact]
    public void A_forward_pass_leaves_its_result_and_nothing_else()
    {
        using Gpt2 model = Tiny.Model();
        using Tensor tokens = Tiny.Tokens;
        model.call(tokens).Dispose();
        long before = LiveTensors.Count();

        Tensor[] results = [.. Enumerable.Range(0, 10).Select(_ => model.call(tokens))];

        Assert.Equal(before + 10, Tensor.TotalCount);
        foreach (Tensor result in results)
            result.Dispose();
    }

    [Fact]
    public void A_forward_pass_that_throws_leaves_nothing()
    {
        using Gpt2 model = Tiny.Model();
        using Tensor tokens = Tiny.Tokens;
        model.transformer.ln_f.register_forward_hook((_, _, _) => throw new TimeoutException());
        long before = LiveTensors.Count();

        for (int i = 0; i < 10; i++)
            Assert.Throws<TimeoutException>(() => model.call(tokens));

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Disposing_the_model_frees_every_weight(bool tied)
    {
        long before = LiveTensors.Count();
        Gpt2 model = Tiny.Model(Tiny.Config with { TieWordEmbeddings = tied });
        Parameter[] weights = [.. model.parameters()];

        model.Dispose();

        Assert.Equal(before, Tensor.TotalCount);
        Assert.All(weights, weight => Assert.True(weight.IsInvalid));
    }

    [Fact]
    public void A_model_of_a_hundred_billion_parameters_runs_on_the_meta_device()
    {
        var config = new Gpt2Config { NEmbd = 12288, NLayer = 96, NHead = 96, NPositions = 2048 };
        using DisposeScope scope = NewDisposeScope();
        using var model = new Gpt2(config, ScalarType.Float32, META);

        Tensor logits = model.call(ones([1, 2048], ScalarType.Int64, META));

        Assert.Equal([1, 2048, 50257], logits.shape);
        Assert.True(model.parameters().Sum(p => p.numel()) > 170_000_000_000);
    }
}
