using System.Text.Json;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class LensCommandTests(SmallModel model)
{
    private const string Prompt = "The capital of France is";

    [Fact]
    public void Layers_go_down_and_tokens_across() => Approved.Check("lens", ToolRun.Of("lens", Prompt, "--model", model.Folder).Result);

    [Fact]
    public void Tokens_that_do_not_fit_go_into_further_tables() =>
        Approved.Check("lens-long", ToolRun.Of("lens", "The capital of France is Paris is Paris The capital of", "--model", model.Folder).Result);

    [Fact]
    public void Json_has_the_predictions_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        var lens = LogitLens.Run(library, Prompt, 5);

        JsonElement json = JsonDocument.Parse(ToolRun.Of("lens", Prompt, "--model", model.Folder, "--json").Result).RootElement;

        Assert.Equal(["model", "prompt", "tokens", "layers"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["embeddings", "transformer.h.0", "transformer.h.1"], json.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("layer").GetString()));
        JsonElement prediction = json.GetProperty("layers")[1].GetProperty("predictions")[3][4];
        Close.Equal(lens[1, 3][4], new NextToken(prediction.GetProperty("id").GetInt32(), prediction.GetProperty("text").GetString()!, prediction.GetProperty("probability").GetDouble()));
        Assert.Equal(5, json.GetProperty("layers")[0].GetProperty("predictions").GetArrayLength());
    }

    [Fact]
    public void Prompt_that_is_too_long_is_an_error() => Assert.Equal(
        "The input has 25 tokens, this model reads at most 24 (n_positions): shorten it.",
        ToolRun.Of("lens", "abcdefghijklmnopqrstuvwxy", "--model", model.Folder).Line(Tool.Failure));
}
