using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2ForwardFromTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Gpt2 _model = Tiny.Model();

    [Theory]
    [InlineData(0, "transformer.drop")]
    [InlineData(1, "transformer.h.0")]
    [InlineData(2, "transformer.h.1")]
    public void Logits_from_a_block_on_are_those_of_the_whole_model(int block, string before)
    {
        using var trace = new Trace(_model, before);
        Tensor whole = _model.call(Tiny.Tokens);

        Tensor rest = _model.ForwardFrom(block, trace.Output);

        Assert.True(rest.Equals(whole));
    }

    [Fact]
    public void Edits_of_the_blocks_that_run_act()
    {
        Tensor residual = randn(1, 2, 6);
        using var trace = new TraceDict(_model, ["transformer.h.0", "transformer.h.1"]);
        Tensor before = _model.ForwardFrom(1, residual);

        using var edit = new Trace(_model, "transformer.h.1", new() { EditOutput = (Tensor output) => -output });

        Assert.False(_model.ForwardFrom(1, residual).Equals(before));
        Assert.Equal((0, 2), (trace["transformer.h.0"].CallCount, trace["transformer.h.1"].CallCount));
    }

    [Fact]
    public void Blocks_and_shapes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.ForwardFrom(-1, zeros(1, 2, 6)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _model.ForwardFrom(3, zeros(1, 2, 6)));
        Assert.Equal(
            "The residual stream of this model is [batch, tokens, 6], not [1, 2, 5].",
            Assert.Throws<ArgumentException>(() => _model.ForwardFrom(0, zeros(1, 2, 5))).Message);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
