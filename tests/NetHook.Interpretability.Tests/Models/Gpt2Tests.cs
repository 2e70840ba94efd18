using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2Tests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void State_has_the_names_and_shapes_of_hugging_face()
    {
        using Gpt2 model = Tiny.Model();

        string[] expected =
        [
            "transformer.wte.weight [11, 6]", "transformer.wpe.weight [8, 6]",
            .. EachBlock(
                ".ln_1.weight [6]", ".ln_1.bias [6]",
                ".attn.c_attn.weight [6, 18]", ".attn.c_attn.bias [18]", ".attn.c_proj.weight [6, 6]", ".attn.c_proj.bias [6]",
                ".ln_2.weight [6]", ".ln_2.bias [6]",
                ".mlp.c_fc.weight [6, 24]", ".mlp.c_fc.bias [24]", ".mlp.c_proj.weight [24, 6]", ".mlp.c_proj.bias [6]"),
            "transformer.ln_f.weight [6]", "transformer.ln_f.bias [6]", "lm_head.weight [11, 6]",
        ];
        Assert.Equal(
            expected.Order(),
            model.state_dict().Select(pair => $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order());
    }

    [Fact]
    public void Layers_have_the_names_of_hugging_face()
    {
        using Gpt2 model = Tiny.Model();

        string[] expected =
        [
            "transformer", "transformer.wte", "transformer.wpe", "transformer.drop", "transformer.h", "transformer.ln_f", "lm_head",
            .. EachBlock(
                "", ".ln_1", ".attn", ".attn.c_attn", ".attn.c_proj", ".attn.attn_dropout", ".attn.resid_dropout",
                ".attn.queries", ".attn.keys", ".attn.values", ".attn.scores", ".attn.pattern", ".attn.head_outputs",
                ".ln_2", ".mlp", ".mlp.c_fc", ".mlp.c_proj", ".mlp.act", ".mlp.dropout"),
        ];
        Assert.Equal(expected.Order(), model.named_modules().Select(pair => pair.name).Order());
    }

    [Fact]
    public void Every_layer_that_computes_runs_through_call()
    {
        using Gpt2 model = Tiny.Model();
        string[] layers = [.. model.named_modules().Where(pair => pair.module is not ModuleList<nn.Module<Tensor, Tensor>>).Select(pair => pair.name)];
        using var traces = new TraceDict(model, layers);

        model.call(Tiny.Tokens);

        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
    }

    [Fact]
    public void Attention_pattern_is_causal_and_sums_to_one()
    {
        using Gpt2 model = Tiny.Model();

        Tensor pattern = Capture(model, "transformer.h.1.attn.attn_dropout");

        Assert.Equal([2, 2, 3, 3], pattern.shape);
        Assert.True(pattern.triu(1).Equals(zeros_like(pattern)));
        Assert.True(pattern.sum(-1).allclose(ones(2, 2, 3)));
    }

    [Fact]
    public void Later_tokens_do_not_change_earlier_logits()
    {
        using Gpt2 model = Tiny.Model();

        Tensor longer = model.call(tensor([1L, 2, 3, 9], [1, 4])), shorter = model.call(tensor([1L, 2, 3], [1, 3]));

        Assert.True(longer.narrow(1, 0, 3).allclose(shorter, 1e-5, 1e-6));
    }

    [Theory]
    [InlineData("gelu")]
    [InlineData("relu")]
    [InlineData("silu")]
    [InlineData("tanh")]
    public void Activation_function_is_the_one_named(string name)
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { ActivationFunction = name });

        Tensor before = Capture(model, "transformer.h.0.mlp.c_fc"), after = Capture(model, "transformer.h.0.mlp.act");

        Tensor expected = name switch
        {
            "gelu" => before * 0.5 * (1 + (before / Math.Sqrt(2)).erf()),
            "relu" => before.clamp_min(0),
            "silu" => before * before.sigmoid(),
            _ => before.tanh(),
        };
        Assert.True(after.allclose(expected, 1e-5, 1e-7));
    }

    [Fact]
    public void Gelu_new_is_the_formula_of_openai()
    {
        using Gpt2 model = Tiny.Model();

        Tensor x = Capture(model, "transformer.h.0.mlp.c_fc"), after = Capture(model, "transformer.h.0.mlp.act");

        Tensor expected = 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x.pow(3)))).tanh());
        Assert.True(after.allclose(expected, 1e-5, 1e-7));
    }

    [Fact]
    public void Scores_are_scaled_as_the_settings_say()
    {
        // Without scaling, a pattern equals that of a model whose queries are larger by the factor left out.
        using Gpt2 plain = Tiny.Model(Tiny.Config with { ScaleAttnWeights = false });
        using Gpt2 byLayer = Tiny.Model(Tiny.Config with { ScaleAttnByInverseLayerIdx = true });
        using (no_grad())
        {
            plain.get_parameter("transformer.h.0.attn.c_attn.weight")!.narrow(1, 0, 6).div_(Math.Sqrt(3));
            plain.get_parameter("transformer.h.1.attn.c_attn.weight")!.narrow(1, 0, 6).div_(2 * Math.Sqrt(3));
        }

        Assert.True(plain.call(Tiny.Tokens).allclose(byLayer.call(Tiny.Tokens), 1e-4, 1e-6));
    }

    [Fact]
    public void Upcast_attention_gives_the_same_in_float32_and_works_in_bfloat16()
    {
        using Gpt2 plain = Tiny.Model(), upcast = Tiny.Model(Tiny.Config with { ReorderAndUpcastAttn = true });
        using Gpt2 narrow = Tiny.Model(Tiny.Config with { ReorderAndUpcastAttn = true }, ScalarType.BFloat16);

        Assert.True(plain.call(Tiny.Tokens).allclose(upcast.call(Tiny.Tokens)));
        Assert.Equal(ScalarType.BFloat16, narrow.call(Tiny.Tokens).dtype);
    }

    [Fact]
    public void Dropout_acts_in_training_only()
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { EmbdPdrop = 0.5, ResidPdrop = 0.5, AttnPdrop = 0.5 });

        Assert.True(model.call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
        model.train();
        Assert.False(model.call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
    }

    [Fact]
    public void Same_seed_gives_the_same_weights()
    {
        using Gpt2 one = Tiny.Model(), two = Tiny.Model();

        Assert.True(one.call(Tiny.Tokens).Equals(two.call(Tiny.Tokens)));
    }

    [Fact]
    public void New_weights_have_the_deviation_of_the_settings()
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { VocabSize = 1000, NEmbd = 64, NLayer = 8 });

        Assert.InRange(model.get_parameter("transformer.wte.weight")!.std().item<float>(), 0.0195, 0.0205);
        Assert.InRange(model.get_parameter("transformer.h.0.mlp.c_proj.weight")!.std().item<float>(), 0.0048, 0.0052);
    }

    [Fact]
    public void Gradients_reach_every_parameter()
    {
        using Gpt2 model = Tiny.Model();

        model.call(Tiny.Tokens).pow(2).sum().backward();

        Assert.DoesNotContain(model.named_parameters(), pair => pair.parameter.grad is not { } grad || grad.abs().sum().item<float>() == 0);
    }

    [Fact]
    public void Weights_outlive_the_scope_they_were_made_in()
    {
        Gpt2 model;
        using (NewDisposeScope())
            model = Tiny.Model(Tiny.Config with { TieWordEmbeddings = false });

        Assert.Equal([2, 3, 11], model.call(Tiny.Tokens).shape);
        model.Dispose();
    }

    private static IEnumerable<string> EachBlock(params string[] parts) =>
        new[] { 0, 1 }.SelectMany(layer => parts.Select(part => $"transformer.h.{layer}{part}"));

    private static Tensor Capture(Gpt2 model, string layer)
    {
        using var trace = new Trace(model, layer);
        model.call(Tiny.Tokens);
        return trace.Output;
    }

    public void Dispose() => _scope.Dispose();
}
