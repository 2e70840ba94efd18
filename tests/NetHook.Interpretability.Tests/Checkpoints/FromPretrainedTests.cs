using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class FromPretrainedTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder["model.safetensors"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_saved_model_comes_back_bit_by_bit(bool tied)
    {
        Gpt2 model = Save(Tiny.Config with { TieWordEmbeddings = tied });

        var read = Gpt2.FromPretrained(_folder.Path);

        Assert.Equal(model.Config, read.Config with { Others = model.Config.Others });
        Assert.False(read.training);
        Assert.True(read.call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
        Assert.All(read.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.is_leaf));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Saved_files_are_those_of_hugging_face()
    {
        Save();

        using var file = SafetensorsFile.Open(Weights);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.DoesNotContain("lm_head.weight", file.Entries.Keys);
        Assert.Contains("transformer.h.1.mlp.c_proj.weight", file.Entries.Keys);
        using var config = JsonDocument.Parse(File.ReadAllText(_folder["config.json"]));
        Assert.Equal("gpt2", config.RootElement.GetProperty("model_type").GetString());
        Assert.Equal("GPT2LMHeadModel", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal(6, config.RootElement.GetProperty("n_embd").GetInt32());
    }

    [Fact]
    public void Keys_without_prefix_and_masks_load_as_in_the_official_files()
    {
        Gpt2 model = Save();
        Rewrite(tensors => tensors.ToDictionary(pair => pair.Key.Replace("transformer.", "", StringComparison.Ordinal), pair => pair.Value)
            .Append(new("h.0.attn.bias", ones(1, 1, 8, 8).tril()))
            .Append(new("h.1.attn.bias", ones([1, 1, 8, 8], ScalarType.Byte)))
            .Append(new("h.1.attn.masked_bias", tensor(-1e4f))));

        var read = Gpt2.FromPretrained(_folder.Path);

        Assert.True(read.call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Other_float_types_are_converted_to_float32_unless_asked_otherwise(ScalarType stored)
    {
        Gpt2 model = Save();
        Rewrite(tensors => tensors.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.to(stored))));
        Tensor expected = model.get_parameter("transformer.wte.weight")!.to(stored);

        Gpt2 converted = Gpt2.FromPretrained(_folder.Path), kept = Gpt2.FromPretrained(_folder.Path, stored);

        Assert.True(converted.get_parameter("transformer.wte.weight")!.Equals(expected.to(ScalarType.Float32)));
        Assert.True(kept.get_parameter("transformer.wte.weight")!.Equals(expected));
        Assert.All(kept.parameters(), parameter => Assert.Equal(stored, parameter.dtype));
        Assert.Equal(stored, kept.call(Tiny.Tokens).dtype);
    }

    [Fact]
    public void The_head_of_a_tied_model_may_be_in_the_file_too()
    {
        Gpt2 model = Save();
        Rewrite(tensors => tensors.Append(new("lm_head.weight", tensors["transformer.wte.weight"])));

        Assert.True(Gpt2.FromPretrained(_folder.Path).call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
    }

    [Fact]
    public void The_head_of_a_tied_model_may_not_differ()
    {
        Save();
        Rewrite(tensors => tensors.Append(new("lm_head.weight", tensors["transformer.wte.weight"] + 1)));

        Refused(Weights, "lm_head.weight", "It differs from wte.weight, but config.json says that they are the same (tie_word_embeddings).");
    }

    [Fact]
    public void A_separate_head_must_be_in_the_file()
    {
        Save();
        (Tiny.Config with { TieWordEmbeddings = false }).Save(_folder["config.json"]);

        Refused(Weights, "lm_head.weight", "The checkpoint lacks it.");
    }

    [Fact]
    public void A_missing_key_is_named()
    {
        Save();
        Rewrite(tensors => tensors.Where(pair => pair.Key != "transformer.h.1.mlp.c_fc.bias"));

        Refused(Weights, "transformer.h.1.mlp.c_fc.bias", "The checkpoint lacks it (and 'h.1.mlp.c_fc.bias').");
    }

    [Fact]
    public void A_wrong_shape_is_named()
    {
        Save();
        Rewrite(tensors => tensors.Select(pair => pair.Key == "transformer.wpe.weight" ? new(pair.Key, pair.Value.t()) : pair));

        Refused(Weights, "transformer.wpe.weight", "Its shape is [6, 8], but config.json asks for [8, 6].");
    }

    [Fact]
    public void A_type_that_is_no_float_is_named()
    {
        Save();
        Rewrite(tensors => tensors.Select(pair => pair.Key == "transformer.ln_f.bias" ? new(pair.Key, pair.Value.to(ScalarType.Int32)) : pair));

        Refused(Weights, "transformer.ln_f.bias", "Its dtype is Int32, expected F64, F32, F16 or BF16.");
    }

    [Fact]
    public void Blocks_beyond_those_of_the_settings_are_named()
    {
        Save();
        (Tiny.Config with { NLayer = 1 }).Save(_folder["config.json"]);

        Refused(Weights, "transformer.h.1.ln_1.weight", "It is no part of the GPT-2 that config.json describes (n_layer 1).");
    }

    [Theory]
    [InlineData(3, "It is 3, but no key of the checkpoint is of block 2, the last one.")]
    [InlineData(16_000_000, "It is 16000000, but the checkpoint has only 28 keys in all.")]
    public void More_blocks_than_the_file_has_are_refused_before_anything_is_made(int layers, string problem)
    {
        Save();
        (Tiny.Config with { NLayer = layers }).Save(_folder["config.json"]);

        Refused(_folder["config.json"], "n_layer", problem);
    }

    [Fact]
    public void Absurd_sizes_are_refused_before_anything_is_made()
    {
        Save();
        (Tiny.Config with { NEmbd = 1 << 24, NInner = 1 << 24 }).Save(_folder["config.json"]);

        Refused(Weights, "transformer.wte.weight", "Its shape is [11, 6], but config.json asks for [11, 16777216].");
    }

    [Fact]
    public void A_truncated_file_is_refused()
    {
        Save();
        byte[] file = File.ReadAllBytes(Weights);
        File.WriteAllBytes(Weights, file[..^1]);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));

        Assert.Equal((Weights, "transformer.ln_f.bias"), (e.File, e.Key));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder["none"]));

        Assert.Equal($"{_folder["none"]}: There is no such folder.", e.Message);
    }

    [Fact]
    public void A_folder_without_weights_says_what_it_has()
    {
        Save();
        File.Move(Weights, _folder["pytorch_model.bin"]);

        Refused(Weights, null, "The folder has neither this file nor model.safetensors.index.json; it has pytorch_model.bin."
            + " Pickles are not loaded: write them as safetensors with 'nethook convert', or PickledCheckpoint.Convert.");
    }

    [Fact]
    public void A_folder_without_settings_is_refused()
    {
        Save();
        File.Delete(_folder["config.json"]);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));
        Assert.StartsWith($"{_folder["config.json"]}: It cannot be read: ", e.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private Gpt2 Save(Gpt2Config? config = null)
    {
        Gpt2 model = Tiny.Model(config);
        model.SavePretrained(_folder.Path);
        return model;
    }

    private void Rewrite(Func<Dictionary<string, Tensor>, IEnumerable<KeyValuePair<string, Tensor>>> change) =>
        SafetensorsFile.Save(Weights, change(SafetensorsFile.Load(Weights)).ToDictionary());

    private void Refused(string file, string? key, string problem)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));
        Assert.Equal(key is null ? $"{file}: {problem}" : $"{file}, key '{key}': {problem}", e.Message);
        Assert.Equal((file, key), (e.File, e.Key));
    }
}
