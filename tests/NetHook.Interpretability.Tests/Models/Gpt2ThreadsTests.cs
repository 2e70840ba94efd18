using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2ThreadsTests
{
    [Fact]
    public void Forward_passes_may_run_at_once()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        Tensor[] inputs = [.. Enumerable.Range(1, 8).Select(length => full([1, length], length, ScalarType.Int64))];
        Tensor[] expected = [.. inputs.Select(model.call)];

        Parallel.For(0, 400, i =>
        {
            using DisposeScope inner = NewDisposeScope();
            Assert.True(model.call(inputs[i % 8]).allclose(expected[i % 8], 1e-5, 1e-6));
        });
    }
}
