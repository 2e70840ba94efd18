using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Settings and weights that do not fit, of each family.</summary>
public sealed class FamilySettingsTests : IDisposable
{
    private const string Known = "Families that load: gemma, gemma2, gemma3_text, gpt2, gpt_neo, gpt_neox, gptj, llama, mistral, opt, phi, phi3, qwen2, qwen3.";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => FamilyRecord.All;

    private string Config => _folder["config.json"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_setting_that_is_not_understood_is_named(string model) => Refused(
        model, config => config["logit_scale"] = 0.5, "logit_scale",
        "It is 0.5, a setting that is not understood. Remove it if it does not change what the model computes.");

    [Theory]
    [InlineData("llama", "quantization_config", """{"quant_method": "gptq"}""", """It is {"quant_method":"gptq"}, a setting that is not understood. Remove it if it does not change what the model computes.""")]
    [InlineData("llama", "rope_scaling", """{"rope_type": "spiral", "factor": 2.0}""", "It is \"spiral\", supported are default, linear, dynamic, llama3, yarn and longrope.", "rope_scaling.rope_type")]
    [InlineData("llama", "rope_scaling", """{"rope_type": "linear"}""", "It is missing.", "rope_scaling.factor")]
    [InlineData("llama", "rope_scaling", """{"rope_type": "linear", "factor": 2.0, "mrope_section": [1]}""", "It is [1], a setting that is not understood. Remove it if it does not change what the model computes.", "rope_scaling.mrope_section")]
    [InlineData("llama", "rope_scaling", "5", "It is 5, expected an object.")]
    [InlineData("llama", "hidden_act", "\"swiglu\"", "It is \"swiglu\", supported are gelu_new, gelu_fast, gelu_accurate, gelu_python_tanh, gelu_pytorch_tanh, gelu, gelu_python, relu, silu, swish, tanh.")]
    [InlineData("llama", "num_key_value_heads", "3", "It is 3, which does not divide num_attention_heads, 4.")]
    [InlineData("llama", "num_hidden_layers", "0", "It is 0, expected 1 to 16777216.")]
    [InlineData("llama", "hidden_size", "\"48\"", "It is \"48\", expected 1 to 16777216.")]
    [InlineData("llama", "rms_norm_eps", "-1", "It is -1, expected a number above 0.")]
    [InlineData("llama", "attention_bias", "1", "It is 1, expected true or false.")]
    [InlineData("llama", "partial_rotary_factor", "0.5", "It is 0.5, a setting that is not understood. Remove it if it does not change what the model computes.")]
    [InlineData("qwen2", "layer_types", """["full_attention"]""", """It is ["full_attention"], expected a list of 3, each full_attention or sliding_attention.""")]
    [InlineData("qwen3", "layer_types", """["full_attention", "chunked_attention", "full_attention"]""", """It is ["full_attention","chunked_attention","full_attention"], expected a list of 3, each full_attention or sliding_attention.""")]
    [InlineData("gemma3", "use_bidirectional_attention", "true", "It is true, a setting that is not understood. Remove it if it does not change what the model computes.")]
    [InlineData("phi3", "attention_bias", "true", "It is true, which is not supported.")]
    [InlineData("phi3", "rope_scaling", """{"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}""", "It is [1.0], expected 8 numbers above 0.", "rope_scaling.short_factor")]
    [InlineData("phi", "partial_rotary_factor", "0.35", "0.35 of a head of 16 numbers is 5, expected an even number of them, 2 to 16.")]
    [InlineData("gptj", "rotary_dim", "18", "It is 18, expected an even number, 2 to 16, the size of a head.")]
    [InlineData("gptj", "scale_attn_weights", "false", "It is false, which is not supported.")]
    [InlineData("opt", "layer_norm_elementwise_affine", "false", "It is false, which is not supported.")]
    [InlineData("opt", "num_attention_heads", "5", "It is 48, which num_attention_heads, 5, does not divide.", "hidden_size")]
    [InlineData("gpt_neo", "attention_types", """[[["global", "local"], 1000000000]]""", "It does not describe 4 layers (num_layers).")]
    [InlineData("gpt_neo", "attention_types", """[["global"]]""", "It is not a list of groups such as [[\"global\", \"local\"], 12].")]
    [InlineData("gpt_neox", "is_encoder_decoder", "true", "It is true, a setting that is not understood. Remove it if it does not change what the model computes.")]
    [InlineData("llama", "model_type", "\"mamba\"", $"It is \"mamba\", a family that is not known. {Known}")]
    [InlineData("llama", "model_type", "null", $"It is missing: it says of which family the model is. {Known}")]
    public void Settings_that_a_family_cannot_have_are_refused(string model, string key, string value, string problem, string? named = null) =>
        Refused(model, config => config[key] = JsonNode.Parse(value), named ?? key, problem);

    [Theory]
    [InlineData("[]", "It is [], and a JSON object of settings is expected.")]
    [InlineData("{\"a\": \"\\udc00\"}", "It is not valid JSON of Unicode text: ")]
    [InlineData("{\"a\": 1, \"a\": 1}", "It is not valid JSON of Unicode text: ")]
    public void A_file_that_holds_no_settings_is_refused(string json, string problem)
    {
        File.WriteAllText(Config, json);
        Assert.StartsWith($"{Config}: {problem}", Assert.Throws<CheckpointException>(() => DecoderModel.FromPretrained(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_not_waited_for()
    {
        // Windows has no pipes among its files.
        if (OperatingSystem.IsWindows())
            return;
        using (var made = System.Diagnostics.Process.Start("mkfifo", [Config]))
            made.WaitForExit();
        Assert.Equal(
            $"{Config}: It cannot be read: it is a pipe, and must be a regular file. Copy the content to one first.",
            Assert.Throws<CheckpointException>(() => DecoderModel.FromPretrained(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("use_cache", "false")]
    [InlineData("transformers_version", "\"9.0\"")]
    [InlineData("_name_or_path", "\"here\"")]
    [InlineData("attention_dropout", "0.5")]
    [InlineData("attn_implementation", "\"flash_attention_2\"")]
    [InlineData("quantization_config", "null")]
    [InlineData("torch_dtype", "\"bfloat16\"")]
    [InlineData("task_specific_params", """{"text-generation": {"max_length": 50}}""")]
    [InlineData("pruned_heads", "{}")]
    public void Settings_that_change_nothing_are_taken(string key, string value)
    {
        foreach (string model in FamilyRecord.All.Select(row => row.Data))
        {
            using var folder = new TemporaryFolder();
            using var record = new FamilyRecord(model);
            record.CopyTo(folder);
            Rewrite(folder["config.json"], config => config[key] = JsonNode.Parse(value));

            using var decoder = DecoderModel.FromPretrained(folder.Path);

            record.Check("s7.logits", decoder.call(record.Ids("s7")));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_missing_tensor_and_one_too_many_are_named(string model)
    {
        using var record = new FamilyRecord(model);
        record.CopyTo(_folder);
        string file = Directory.GetFiles(_folder.Path, "model*.safetensors").Order(StringComparer.Ordinal).First();
        Dictionary<string, Tensor> tensors = SafetensorsFile.Load(file);
        if (File.Exists(_folder["model.safetensors.index.json"]))
            return;
        string key = tensors.Keys.Order(StringComparer.Ordinal).Last(name => name.EndsWith("weight", StringComparison.Ordinal) && name.Contains('3', StringComparison.Ordinal) == false && name.Contains(".1.", StringComparison.Ordinal));

        SafetensorsFile.Save(file, tensors.Where(pair => pair.Key != key).ToDictionary());
        Assert.Equal((file, key), Fault());
        string further = key[..key.IndexOf('.', StringComparison.Ordinal)] + ".extra.weight";
        SafetensorsFile.Save(file, tensors.Append(new(further, zeros(1))).ToDictionary());
        Assert.Equal((file, further), Fault());
        SafetensorsFile.Save(file, tensors.Select(pair => pair.Key == key ? new(key, pair.Value.unsqueeze(0)) : pair).ToDictionary());
        Assert.Equal((file, key), Fault());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Absurd_sizes_are_refused_at_once(string model)
    {
        using var record = new FamilyRecord(model);
        foreach (string key in new[] { "hidden_size", "n_embd", "vocab_size", "intermediate_size", "n_inner", "ffn_dim", "num_hidden_layers", "n_layer", "num_layers", "head_dim", "max_position_embeddings" })
        {
            using var folder = new TemporaryFolder();
            record.CopyTo(folder);
            bool has = false;
            Rewrite(folder["config.json"], config =>
            {
                has = config.ContainsKey(key) && !(key == "max_position_embeddings" && config["model_type"]!.ToString() is not ("opt" or "gpt_neo"));
                config[key] = has ? 1 << 24 : config[key]?.DeepClone();
                config.Remove("layer_types");
                config.Remove("attention_layers");
            });
            if (has)
                Assert.Throws<CheckpointException>(() => DecoderModel.FromPretrained(folder.Path));
        }
    }

    [Fact]
    public void A_head_that_is_in_no_file_is_the_embedding_unless_settings_say_otherwise()
    {
        using var record = new FamilyRecord("qwen2");
        record.CopyTo(_folder);
        Rewrite(Config, config => config.Remove("tie_word_embeddings"));
        using var decoder = DecoderModel.FromPretrained(_folder.Path);
        record.Check("s7.logits", decoder.call(record.Ids("s7")));

        Rewrite(Config, config => config["tie_word_embeddings"] = false);
        Assert.Equal((_folder["model.safetensors"], "lm_head.weight"), Fault());
    }

    [Fact]
    public void Buffers_of_older_files_and_names_without_the_first_part_are_taken()
    {
        using var record = new FamilyRecord("gpt_neox");
        record.CopyTo(_folder);
        Dictionary<string, Tensor> tensors = SafetensorsFile.Load(_folder["model.safetensors"]);
        SafetensorsFile.Save(_folder["model.safetensors"], tensors
            .Select(pair => KeyValuePair.Create(pair.Key.Replace("gpt_neox.", "", StringComparison.Ordinal), pair.Value))
            .Append(new("layers.0.attention.bias", ones([1, 1, 8, 8], ScalarType.Byte)))
            .Append(new("layers.0.attention.masked_bias", tensor(-1e9f)))
            .Append(new("layers.0.attention.rotary_emb.inv_freq", ones(2)))
            .ToDictionary());

        using var decoder = DecoderModel.FromPretrained(_folder.Path);

        record.Check("s7.logits", decoder.call(record.Ids("s7")));
    }

    [Fact]
    public void Inputs_are_checked_by_each_model()
    {
        using var record = new FamilyRecord("llama");
        using var decoder = DecoderModel.FromPretrained(record.Folder);

        Assert.Equal(
            "Token id 352 is outside the vocabulary, 0 to 351: was it made by another model's tokenizer?",
            Assert.Throws<ArgumentException>(() => decoder.call(tensor([352L], [1, 1]))).Message);
        Assert.Equal(
            "Llama takes token ids as Int64 [batch, tokens], not Int64 [3]: add the batch dimension with unsqueeze(0).",
            Assert.Throws<ArgumentException>(() => decoder.call(tensor([1L, 2, 3]))).Message);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private static void Rewrite(string file, Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        change(config);
        File.WriteAllText(file, config.ToJsonString());
    }

    private void Refused(string model, Action<JsonObject> change, string key, string problem)
    {
        using var record = new FamilyRecord(model);
        record.CopyTo(_folder);
        Rewrite(Config, change);

        CheckpointException e = Assert.Throws<CheckpointException>(() => DecoderModel.FromPretrained(_folder.Path));

        Assert.Equal($"{Config}, key '{key}': {problem}", e.Message);
    }

    private (string File, string? Key) Fault()
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => DecoderModel.FromPretrained(_folder.Path));
        return (e.File, e.Key);
    }
}
