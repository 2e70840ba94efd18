using System.Text.Json;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2ConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["config.json"];

    [Fact]
    public void Settings_read_are_those_of_the_file_and_defaults_those_of_gpt2()
    {
        File.WriteAllText(Path, """
            {
              "model_type": "gpt2", "vocab_size": 100, "n_positions": 32, "n_embd": 12, "n_layer": 3, "n_head": 4, "n_inner": 20,
              "activation_function": "relu", "layer_norm_epsilon": 1e-6, "resid_pdrop": 0.2, "embd_pdrop": 0.3, "attn_pdrop": 0.4,
              "initializer_range": 0.5, "tie_word_embeddings": false, "scale_attn_weights": false,
              "scale_attn_by_inverse_layer_idx": true, "reorder_and_upcast_attn": true
            }
            """);

        Assert.Equal(
            new Gpt2Config
            {
                VocabSize = 100,
                NPositions = 32,
                NEmbd = 12,
                NLayer = 3,
                NHead = 4,
                NInner = 20,
                ActivationFunction = "relu",
                LayerNormEpsilon = 1e-6,
                ResidPdrop = 0.2,
                EmbdPdrop = 0.3,
                AttnPdrop = 0.4,
                InitializerRange = 0.5,
                TieWordEmbeddings = false,
                ScaleAttnWeights = false,
                ScaleAttnByInverseLayerIdx = true,
                ReorderAndUpcastAttn = true,
            },
            Gpt2Config.Load(Path));

        File.WriteAllText(Path, "{}");
        Assert.Equal(new Gpt2Config(), Gpt2Config.Load(Path));
    }

    [Fact]
    public void Settings_that_do_not_change_the_model_are_kept()
    {
        File.WriteAllText(Path, """{"bos_token_id": 7, "architectures": ["Mine"], "task_specific_params": {"a": [1]}, "n_inner": null}""");

        Gpt2Config.Load(Path).Save(Path);

        using var saved = JsonDocument.Parse(File.ReadAllText(Path));
        Assert.Equal(7, saved.RootElement.GetProperty("bos_token_id").GetInt32());
        Assert.Equal("Mine", saved.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal(1, saved.RootElement.GetProperty("task_specific_params").GetProperty("a")[0].GetInt32());
        Assert.Equal(JsonValueKind.Null, saved.RootElement.GetProperty("n_inner").ValueKind);
    }

    [Theory]
    [InlineData("""{"model_type": "bert"}""", "model_type is \"bert\", only \"gpt2\" is supported.")]
    [InlineData("""{"n_layer": 0}""", "n_layer is 0, expected 1 to 16777216.")]
    [InlineData("""{"vocab_size": -5}""", "vocab_size is -5, expected 1 to 16777216.")]
    [InlineData("""{"n_embd": 16777217}""", "n_embd is 16777217, expected 1 to 16777216.")]
    [InlineData("""{"n_head": 7}""", "n_embd is 768, which n_head = 7 does not divide.")]
    [InlineData("""{"layer_norm_epsilon": 0}""", "layer_norm_epsilon is 0, expected more than 0.")]
    [InlineData("""{"attn_pdrop": 1.5}""", "attn_pdrop is 1.5, expected 0 to 1.")]
    [InlineData("""{"add_cross_attention": true}""", "add_cross_attention is true, which is not supported.")]
    [InlineData("""{"activation_function": "swiglu"}""", "activation_function is \"swiglu\", supported are gelu_new, gelu_fast, gelu_accurate, gelu_python_tanh, gelu_pytorch_tanh, gelu, gelu_python, relu, silu, swish, tanh.")]
    public void Settings_that_gpt2_cannot_have_are_refused(string json, string problem)
    {
        File.WriteAllText(Path, json);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2Config.Load(Path));
        Assert.Equal($"{Path}: {problem}", e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"n_layer": "twelve"}""")]
    [InlineData("""{"n_layer": 99999999999}""")]
    [InlineData("""{"n_layer": 1.5}""")]
    [InlineData("""{"activation_function": null}""")]
    [InlineData("""{"layer_norm_epsilon": 1e999}""")]
    [InlineData("""{"unknown": [1e999]}""")]
    [InlineData("""{"n_layer": 2, "n_layer": 2}""")]
    [InlineData("""{"n_head": 12, "num_attention_heads": 6}""")]
    public void A_file_that_is_not_the_json_of_settings_is_refused(string json)
    {
        File.WriteAllText(Path, json);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2Config.Load(Path));
        Assert.Equal(Path, e.File);
    }

    [Fact]
    public void A_new_model_checks_its_settings()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new Gpt2(new Gpt2Config { NHead = 5 }));

        Assert.Equal("n_embd is 768, which n_head = 5 does not divide.", e.Message);
    }

    public void Dispose() => _folder.Dispose();
}
