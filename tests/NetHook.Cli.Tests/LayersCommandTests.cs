using System.Text.Json;

namespace NetHook.Cli.Tests;

public sealed class LayersCommandTests(SmallModel model)
{
    [Fact]
    public void All_layers_are_listed_with_types_and_parameters() =>
        Approved.Check("layers", ToolRun.Of("layers", "--model", model.Folder).Result);

    [Fact]
    public void Glob_selects() =>
        Approved.Check("layers-glob", ToolRun.Of("layers", "lm_head", "-m", model.Folder).Result);

    [Fact]
    public void Json_has_the_documented_names_and_nothing_else()
    {
        JsonElement json = JsonDocument.Parse(ToolRun.Of("layers", "transformer.h.*.mlp.c_fc", "--model", model.Folder, "--json").Result).RootElement;

        Assert.Equal(["model", "family", "sizes", "parameters", "layers"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal((model.Folder, "gpt2"), (json.GetProperty("model").GetString(), json.GetProperty("family").GetString()));
        Assert.Equal(["blocks", "width", "vocabulary", "maxTokens"], json.GetProperty("sizes").EnumerateObject().Select(property => property.Name));
        Assert.Equal([2, 8, 281, 24], json.GetProperty("sizes").EnumerateObject().Select(property => property.Value.GetInt32()));
        Assert.Equal(["layer", "type", "parameters"], json.GetProperty("layers")[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(["transformer.h.0.mlp.c_fc", "transformer.h.1.mlp.c_fc"], json.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("layer").GetString()));
        Assert.Equal(8 * 32 + 32, json.GetProperty("layers")[0].GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void Shared_weight_counts_once_in_the_total()
    {
        JsonElement json = JsonDocument.Parse(ToolRun.Of("layers", "{transformer,lm_head}", "--model", model.Folder, "--json").Result).RootElement;

        Assert.Equal(json.GetProperty("layers")[0].GetProperty("parameters").GetInt64(), json.GetProperty("parameters").GetInt64());
        Assert.True(json.GetProperty("layers")[1].GetProperty("parameters").GetInt64() > 0);
    }

    [Fact]
    public void Weights_are_not_read()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(model.Folder, "config.json"), folder["config.json"]);

        Assert.Equal(ToolRun.Of("layers", "--model", model.Folder).Result, ToolRun.Of("layers", "--model", folder.Path).Result);
    }

    [Fact]
    public void Glob_that_matches_nothing_is_an_error_with_the_nearest_names() => Assert.Equal(
        "No layer of Gpt2 matches 'transformer.h.0.mpl'. Its children are transformer, lm_head. Did you mean 'transformer.h.0.mlp', 'transformer.h.1.mlp' or 'transformer.h.0'?",
        ToolRun.Of("layers", "transformer.h.0.mpl", "--model", model.Folder).Line(Tool.Failure));

    [Fact]
    public void Malformed_glob_is_an_error() => Assert.Equal(
        "Malformed layer pattern 'transformer.h.[0': the '[' is never closed; write '\\[' for the character itself (position 14).",
        ToolRun.Of("layers", "transformer.h.[0", "--model", model.Folder).Line(Tool.Failure));

    [Fact]
    public void Folder_that_is_not_there_is_an_error() => Assert.Equal(
        "no-such-folder: There is no such folder.",
        ToolRun.Of("layers", "--model", "no-such-folder").Line(Tool.Failure));
}
