using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2TyingTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Head_is_tied_as_the_settings_say(bool tied)
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { TieWordEmbeddings = tied });

        Assert.Equal(tied, ReferenceEquals(model.get_parameter("transformer.wte.weight"), model.get_parameter("lm_head.weight")));
        Assert.Equal(tied ? 28 : 29, model.parameters().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Converting_the_type_keeps_the_tie(bool tied)
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { TieWordEmbeddings = tied });
        Tensor before = model.call(Tiny.Tokens);

        model.to(ScalarType.Float64);

        Assert.Equal(tied, ReferenceEquals(model.get_parameter("transformer.wte.weight"), model.get_parameter("lm_head.weight")));
        Assert.Equal(ScalarType.Float64, model.call(Tiny.Tokens).dtype);
        Assert.True(model.call(Tiny.Tokens).allclose(before.to(ScalarType.Float64), 1e-4, 1e-6));
    }

    [Fact]
    public void Gradient_of_a_tied_head_is_that_of_both_uses()
    {
        using Gpt2 tied = Tiny.Model(), separate = Tiny.Model(Tiny.Config with { TieWordEmbeddings = false });
        separate.load_state_dict(tied.state_dict());

        tied.call(Tiny.Tokens).pow(2).sum().backward();
        separate.call(Tiny.Tokens).pow(2).sum().backward();

        Tensor expected = separate.get_parameter("transformer.wte.weight")!.grad! + separate.get_parameter("lm_head.weight")!.grad!;
        Assert.True(tied.get_parameter("transformer.wte.weight")!.grad!.allclose(expected, 1e-4, 1e-6));
    }

    public void Dispose() => _scope.Dispose();
}
