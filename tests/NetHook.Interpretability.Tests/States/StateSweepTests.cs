using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class StateSweepTests
{
    [Fact]
    public void Small_batches_give_what_a_large_one_gives()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        using Gpt2 gpt2 = Tiny.Model(Speaking.Config);
        var model = new LaidOutModel(gpt2, gpt2.Layout);
        var window = LayerWindow.Of(gpt2.Layout, StateKind.Mlp, 2);
        var run = RecordedStates.Of(model, [window.Kind], tensor([1L, 2, 3, 4, 5, 6, 7, 8], [2, 4]));
        var source = RecordedStates.Of(model, [window.Kind], tensor([5L, 5, 5, 5], [1, 4]));
        static Tensor Measure(Tensor logits) => logits.select(-1, 9).mean([-1]);

        StateGrid atOnce = new StateSweep(model, window).Run(run, source, [0, 1, 2, 3], Measure, null, default);
        StateGrid oneByOne = new StateSweep(model, window, mostPositions: 1).Run(run, source, [0, 1, 2, 3], Measure, null, default);

        Assert.All(atOnce.Values.Zip(oneByOne.Values), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Fact]
    public void Hidden_states_are_restored_to_the_bit_and_others_left_to_the_bit()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        using Gpt2 gpt2 = Tiny.Model(Speaking.Config);
        var model = new LaidOutModel(gpt2, gpt2.Layout);
        var window = LayerWindow.Of(gpt2.Layout, StateKind.Hidden, 1);
        var run = RecordedStates.Of(model, [window.Kind], tensor([1L, 2, 3, 4, 5, 6, 7, 8], [2, 4]));
        var source = RecordedStates.Of(model, [window.Kind], tensor([5L, 6, 7, 8], [1, 4]));

        // What the block behind the first layer gets, when that layer is restored: once, with every token's change as a batch.
        using var next = new Trace(gpt2, "transformer.h.1", new() { RetainInput = true });
        new StateSweep(model, window).Run(run, source, [0, 1, 2, 3], logits => logits.mean([1, 2]), null, default);

        Assert.Equal(1, next.CallCount);
        Tensor entering = next.Input.view(4, 2, 4, -1);
        for (int changed = 0; changed < 4; changed++)
        {
            for (int token = 0; token < 4; token++)
            {
                Tensor expected = changed == token ? source.States[StateKind.Hidden][0][0, token].expand(2, -1) : run.States[StateKind.Hidden][0].select(1, token);
                Assert.True(entering[changed].select(1, token).Equals(expected), $"token {token} where {changed} is restored");
            }
        }
    }
}
