using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class ShardedCheckpointTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly Gpt2 _model = Tiny.Model();
    private readonly Dictionary<string, string> _map = [];

    public ShardedCheckpointTests()
    {
        _model.SavePretrained(_folder.Path);
        Dictionary<string, Tensor> tensors = SafetensorsFile.Load(_folder["model.safetensors"]);
        File.Delete(_folder["model.safetensors"]);
        int part = 0;
        foreach (KeyValuePair<string, Tensor>[] chunk in tensors.Chunk(10))
        {
            string name = $"model-{++part:D5}-of-00003.safetensors";
            SafetensorsFile.Save(_folder[name], chunk.ToDictionary());
            foreach ((string key, _) in chunk)
                _map[key] = name;
        }

        WriteIndex();
    }

    private string Index => _folder["model.safetensors.index.json"];

    [Fact]
    public void Files_of_an_index_load_as_one()
    {
        Assert.True(Gpt2.FromPretrained(_folder.Path).call(Tiny.Tokens).Equals(_model.call(Tiny.Tokens)));
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/model.safetensors")]
    [InlineData("sub\\model.safetensors")]
    [InlineData("C:model.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    public void Files_outside_the_folder_are_refused(string name)
    {
        _map["transformer.wte.weight"] = name;
        WriteIndex();

        Refused(Index, "transformer.wte.weight", $"It is said to be in {JsonSerializer.Serialize(name)}, which is not the name of a file in this folder.");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        File.Delete(_folder["model-00002-of-00003.safetensors"]);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));
        Assert.StartsWith($"{_folder["model-00002-of-00003.safetensors"]}: It cannot be read: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_where_the_index_says_is_named()
    {
        _map["transformer.wte.weight"] = "model-00003-of-00003.safetensors";
        WriteIndex();

        Refused(_folder["model-00003-of-00003.safetensors"], "transformer.wte.weight", "The file has no such key, though model.safetensors.index.json says that it has.");
    }

    [Fact]
    public void A_key_that_the_index_lacks_is_named()
    {
        _map.Remove("transformer.wte.weight");
        WriteIndex();

        Refused(Index, "transformer.wte.weight", "The checkpoint lacks it (and 'wte.weight').");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map":[]}""")]
    public void An_index_without_a_map_is_refused(string json)
    {
        File.WriteAllText(Index, json);

        Refused(Index, "weight_map", "It is missing, or is not a JSON object from keys to file names.");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"weight_map":{"a":"x","a":"y"}}""")]
    public void An_index_that_is_not_json_is_refused(string json)
    {
        File.WriteAllText(Index, json);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));
        Assert.StartsWith($"{Index}: It is not valid JSON: ", e.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private void WriteIndex() => File.WriteAllText(Index, JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = _map }));

    private void Refused(string file, string key, string problem)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path));
        Assert.Equal($"{file}, key '{key}': {problem}", e.Message);
        Assert.Equal((file, key), (e.File, e.Key));
    }
}
