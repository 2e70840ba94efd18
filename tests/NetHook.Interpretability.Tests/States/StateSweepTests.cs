using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class StateSweepTests
{
    [Fact]
    public void Small_batches_give_what_a_large_one_gives()
    {
        using DisposeScope scope = NewDisposeScope();
        using var _ = no_grad();
        using Gpt2 model = Tiny.Model(Speaking.Config);
        LayerWindow window = LayerWindow.Of(model, StateKind.Mlp, 2);
        RecordedStates run = RecordedStates.Of(model, window, tensor([1L, 2, 3, 4, 5, 6, 7, 8], [2, 4]));
        RecordedStates source = RecordedStates.Of(model, window, tensor([5L, 5, 5, 5], [1, 4]));
        static Tensor Measure(Tensor logits) => logits.select(-1, 9).mean([-1]);

        StateGrid atOnce = new StateSweep(model, window).Run(run, source, [0, 1, 2, 3], Measure, null, default);
        StateGrid oneByOne = new StateSweep(model, window, mostPositions: 1).Run(run, source, [0, 1, 2, 3], Measure, null, default);

        Assert.All(atOnce.Values.Zip(oneByOne.Values), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }
}
