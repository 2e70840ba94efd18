using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class SamplingTests : IDisposable
{
    private const int Draws = 4000;

    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Tokens_are_drawn_by_their_probabilities()
    {
        double[] shares = Shares(new() { Temperature = 1 });
        for (int i = 0; i < 4; i++)
            Assert.InRange(shares[i], 0.1 * (i + 1) - 0.03, 0.1 * (i + 1) + 0.03);
    }

    [Fact]
    public void A_temperature_sharpens_probabilities()
    {
        // Squares of 1, 2, 3, 4, of 30.
        double[] shares = Shares(new() { Temperature = 0.5 });
        for (int i = 0; i < 4; i++)
            Assert.InRange(shares[i], (i + 1) * (i + 1) / 30.0 - 0.03, (i + 1) * (i + 1) / 30.0 + 0.03);
    }

    [Fact]
    public void The_likeliest_tokens_alone_are_drawn()
    {
        Assert.Equal([false, false, true, true], Shares(new() { Temperature = 1, TopK = 2 }).Select(share => share > 0));
        Assert.Equal([false, false, false, true], Shares(new() { Temperature = 1, TopK = 1 }).Select(share => share > 0));
        Assert.Equal([false, false, false, true], Shares(new() { Temperature = 1, TopP = 0.39 }).Select(share => share > 0));
        Assert.Equal([false, false, true, true], Shares(new() { Temperature = 1, TopP = 0.5 }).Select(share => share > 0));
        Assert.Equal([true, true, true, true], Shares(new() { Temperature = 1, TopP = 1, TopK = 100 }).Select(share => share > 0));

        // Of three tokens, 0.4 of 0.9 is less than half.
        Assert.Equal([false, false, true, true], Shares(new() { Temperature = 1, TopK = 3, TopP = 0.5 }).Select(share => share > 0));
        Assert.Equal([false, false, false, true], Shares(new() { Temperature = 1, TopK = 2, TopP = 0.5 }).Select(share => share > 0));
        Assert.Equal([false, false, false, true], Shares(new() { Temperature = 1e-300 }).Select(share => share > 0));
    }

    [Fact]
    public void Equal_seeds_give_equal_tokens()
    {
        using Gpt2 model = Tiny.Model(Speaking.Config);
        GenerationOptions hot = new() { Temperature = 2 };
        IReadOnlyList<int> Say(int seed, bool cache = true) => model.Generate([1, 2, 3], 12, hot with { Seed = seed, Cache = cache });

        Assert.Equal(Say(5), Say(5));
        Assert.Equal(Say(5), Say(5, cache: false));
        Assert.NotEqual(Say(5), Say(6));

        // Row n of a batch draws as a row alone does with the seed plus n.
        Assert.Equal([Say(5), Say(6), Say(7)], model.Generate(TokenBatch.Of([[1, 2, 3], [1, 2, 3], [1, 2, 3]]), 12, hot with { Seed = 5 }));
        Assert.Equal(model.Generate([1, 2, 3], 12), model.Generate([1, 2, 3], 12, hot with { TopK = 1 }));
    }

    public void Dispose() => _scope.Dispose();

    /// <summary>How often each of four tokens is drawn, of probabilities 0.1, 0.2, 0.3, 0.4. The seed is fixed, and so is the result.</summary>
    private static double[] Shares(GenerationOptions options)
    {
        var sampler = new TokenSampler(options, seed: 1);
        Tensor logits = tensor(new[] { 0.1f, 0.2f, 0.3f, 0.4f }).log();
        int[] counts = new int[4];
        for (int i = 0; i < Draws; i++)
            counts[sampler.Pick(logits)]++;
        return [.. counts.Select(count => (double)count / Draws)];
    }
}
