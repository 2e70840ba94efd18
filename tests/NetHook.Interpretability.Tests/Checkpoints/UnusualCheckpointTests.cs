using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Folders as other programs leave them, and such as are made to harm.</summary>
[Collection(LiveTensors.Name)]
public sealed class UnusualCheckpointTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly Gpt2 _model = Tiny.Model();

    public UnusualCheckpointTests() => _model.SavePretrained(_folder.Path);

    private string Weights => _folder["model.safetensors"];

    private string Config => _folder["config.json"];

    [Fact]
    public void The_head_of_a_tied_model_may_stand_for_both()
    {
        Rewrite(tensors => tensors.Select(pair => pair.Key == "transformer.wte.weight" ? new("lm_head.weight", pair.Value) : pair));

        Assert.True(Gpt2.FromPretrained(_folder.Path).call(Tiny.Tokens).Equals(_model.call(Tiny.Tokens)));
    }

    [Theory]
    [InlineData("v_head.summary.weight", "v_head.summary.bias")]
    [InlineData("score.weight")]
    [InlineData("multiple_choice_head.summary.weight", "classifier.bias")]
    public void Further_heads_are_listed_and_not_used(params string[] keys)
    {
        Rewrite(tensors => tensors.Concat(keys.Select(key => KeyValuePair.Create(key, ones(1, 6)))));

        foreach (DecoderModel read in new[] { Gpt2.FromPretrained(_folder.Path), DecoderModel.FromPretrained(_folder.Path) })
        {
            Assert.Equal(keys, read.UnusedKeys);
            Assert.True(read.call(Tiny.Tokens).Equals(_model.call(Tiny.Tokens)));
        }

        Assert.Empty(_model.UnusedKeys);
    }

    [Theory]
    [InlineData("transformer.h.0.attn.lora_A")]
    [InlineData("transformer.adapter.weight")]
    [InlineData("h.7.ln_1.weight")]
    public void A_weight_inside_the_model_that_it_does_not_have_is_refused(string key)
    {
        Rewrite(tensors => tensors.Append(KeyValuePair.Create(key, ones(1, 6))));

        Assert.Equal(
            $"{Weights}, key '{key}': It is no part of the GPT-2 that config.json describes (n_layer 2).",
            Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message);
    }

    [Fact]
    public void A_weight_of_a_type_that_torchsharp_lacks_is_refused_by_its_name()
    {
        byte[] file = File.ReadAllBytes(Weights);
        string header = Encoding.UTF8.GetString(file, 8, (int)BitConverter.ToInt64(file));
        JsonObject entries = JsonNode.Parse(header)!.AsObject();
        entries["transformer.ln_f.bias"]!["dtype"] = "F8_E4M3";
        entries["transformer.ln_f.bias"]!["shape"] = new JsonArray(24);
        byte[] changed = Encoding.UTF8.GetBytes(entries.ToJsonString());
        File.WriteAllBytes(Weights, [.. BitConverter.GetBytes((long)changed.Length), .. changed, .. file[(8 + header.Length)..]]);

        Assert.Equal(
            $"{Weights}, key 'transformer.ln_f.bias': Its shape is [24], but config.json asks for [6].",
            Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message);
        using var open = SafetensorsFile.Open(Weights);
        Assert.True(open.Read("transformer.wte.weight").Equals(_model.get_parameter("transformer.wte.weight")!));
    }

    [Theory]
    [InlineData(ScalarType.Float16, "float16")]
    [InlineData(ScalarType.BFloat16, "bfloat16")]
    [InlineData(ScalarType.Float64, "float64")]
    public void A_saved_folder_says_the_type_that_it_holds(ScalarType dtype, string name)
    {
        using var read = DecoderModel.FromPretrained(_folder.Path, dtype);
        read.SavePretrained(_folder["other"]);
        using var again = DecoderModel.FromPretrained(_folder["other"]);
        again.SavePretrained(_folder["single"]);

        Assert.Equal((name, dtype), Saved("other"));
        Assert.Equal(("float32", ScalarType.Float32), Saved("single"));
    }

    [Fact]
    public void The_name_of_the_type_is_kept_that_the_file_uses()
    {
        Set("dtype", "\"float16\"");
        JsonObject before = JsonNode.Parse(File.ReadAllText(Config))!.AsObject();
        before.Remove("torch_dtype");
        File.WriteAllText(Config, before.ToJsonString());

        Gpt2.FromPretrained(_folder.Path).SavePretrained(_folder["again"]);

        using var saved = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder["again"], "config.json")));
        Assert.Equal("float32", saved.RootElement.GetProperty("dtype").GetString());
        Assert.False(saved.RootElement.TryGetProperty("torch_dtype", out _));
    }

    [Theory]
    [InlineData("n_head", "num_attention_heads")]
    [InlineData("n_embd", "hidden_size")]
    [InlineData("n_layer", "num_hidden_layers")]
    [InlineData("n_positions", "max_position_embeddings")]
    public void Settings_under_their_other_names_count(string name, string other)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Config))!.AsObject();
        config[other] = config[name]!.DeepClone();
        config.Remove(name);
        File.WriteAllText(Config, config.ToJsonString());

        var read = Gpt2.FromPretrained(_folder.Path);
        Assert.Equal(Tiny.Config, read.Config with { Others = null });
        Assert.True(read.call(Tiny.Tokens).Equals(_model.call(Tiny.Tokens)));
        read.Config.Save(Config);
        Assert.DoesNotContain($"\"{other}\"", File.ReadAllText(Config), StringComparison.Ordinal);

        config[name] = 1;
        File.WriteAllText(Config, config.ToJsonString());
        Assert.Equal(
            $"{Config}, key '{other}': It is {config[other]}, but {name}, another name of this setting, is 1. Remove one of them.",
            Assert.Throws<CheckpointException>(() => Gpt2Config.Load(Config)).Message);
    }

    [Theory]
    [InlineData("gelu_python", "gelu")]
    [InlineData("gelu_accurate", "gelu_new")]
    [InlineData("gelu_python_tanh", "gelu_new")]
    public void Other_names_of_activations_are_those_activations(string name, string same)
    {
        Tensor x = linspace(-3, 3, 50);
        Assert.True(Activations.Make(name).call(x).Equals(Activations.Make(same).call(x)));
        Set("activation_function", $"\"{name}\"");
        Assert.Equal(name, Gpt2Config.Load(Config).ActivationFunction);
    }

    [Theory]
    [InlineData("\"n_layer\": 16777216")]
    [InlineData("\"n_layer\": 20000")]
    [InlineData("\"n_layer\": 19999")]
    [InlineData("\"n_embd\": 16777216")]
    [InlineData("\"vocab_size\": 16777216")]
    [InlineData("\"n_positions\": 16777216, \"n_inner\": 16777216")]
    public void Absurd_settings_cost_nothing(string settings)
    {
        // Empty keys are as many as there are layers, so that their number alone says nothing.
        Rewrite(tensors => tensors.Concat(Enumerable.Range(0, 20_000).Select(i => KeyValuePair.Create($"transformer.x.{i}", zeros(0)))));
        foreach ((string name, JsonNode? size) in JsonNode.Parse($"{{{settings}}}")!.AsObject())
            Set(name, size!.ToJsonString());
        long tensors = LiveTensors.Count(), before = GC.GetAllocatedBytesForCurrentThread();

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));

        Assert.NotNull(e.Key);
        Assert.True(LiveTensors.Count() <= tensors, "weights were left");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Far_more_weights_than_keys_are_refused_before_they_are_made()
    {
        const int Layers = 4000;
        Rewrite(tensors => tensors.Concat(Enumerable.Range(0, Layers).Select(i => KeyValuePair.Create($"transformer.h.{i}.x", zeros(0)))));
        Set("n_layer", $"{Layers}");

        Assert.Equal(
            $"{Config}, key 'n_layer': It is 4000: so many blocks have far more weights than the checkpoint has keys, 4028.",
            Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message);
    }

    [Fact]
    public void An_index_whose_names_are_no_unicode_is_refused()
    {
        string index = _folder["model.safetensors.index.json"];
        File.Delete(Weights);
        foreach (string json in (string[])["""{"weight_map": {"\ud800": "a"}}""", """{"weight_map": {"a": "\udc00"}}""", """{"\ud800": 1, "weight_map": {}}"""])
        {
            File.WriteAllText(index, json);
            Assert.StartsWith($"{index}: It is not valid JSON: ", Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(index, [.. "{\"weight_map\": {\""u8, 0xFF, .. "\": \"a\"}}"u8]);
        Assert.StartsWith($"{index}: It is not valid JSON: ", Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private (string Says, ScalarType Holds) Saved(string folder)
    {
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder[folder], "config.json")));
        using var file = SafetensorsFile.Open(Path.Combine(_folder[folder], "model.safetensors"));
        return (config.RootElement.GetProperty("torch_dtype").GetString()!, file.Entries.Values.Select(entry => entry.Dtype!.Value).Distinct().Single());
    }

    private void Set(string name, string json)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Config))!.AsObject();
        config[name] = JsonNode.Parse(json);
        File.WriteAllText(Config, config.ToJsonString());
    }

    private void Rewrite(Func<Dictionary<string, Tensor>, IEnumerable<KeyValuePair<string, Tensor>>> change) =>
        SafetensorsFile.Save(Weights, change(SafetensorsFile.Load(Weights)).ToDictionary());
}
