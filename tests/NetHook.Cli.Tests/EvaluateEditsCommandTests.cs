using System.Text.Json;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class EvaluateEditsCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Edits_of_the_bundled_model_are_scored()
    {
        string shown = ToolRun.Of("evaluate-edits", "--edits", "2", "--layer", "0", "--layer", "1", "--out", _folder["edits.json"]).Result;

        Assert.StartsWith("2 edits of the bundled model, each on a fresh copy (seed 0): success, score, magnitude.\n", shown, StringComparison.Ordinal);
        Assert.EndsWith($"Written to {_folder["edits.json"]}.\n", shown, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(_folder["edits.json"])).RootElement;
        Assert.Equal(["model", "edits", "seed", "steps", "layers"], json.EnumerateObject().Select(property => property.Name));
        JsonElement[] layers = [.. json.GetProperty("layers").EnumerateArray()];
        Assert.Equal([0, 1], layers.Select(layer => layer.GetProperty("layer").GetInt32()));
        Assert.All(layers, layer =>
        {
            Assert.Equal(["layer", "all", "relations", "shortfalls"], layer.EnumerateObject().Select(property => property.Name));
            JsonElement all = layer.GetProperty("all");
            Assert.Equal(["relation", "edits", "efficacy", "paraphrase", "neighbourhood"], all.EnumerateObject().Select(property => property.Name));
            Assert.Equal([2, 10, 20], new[] { "efficacy", "paraphrase", "neighbourhood" }.Select(kind => all.GetProperty(kind).GetProperty("prompts").GetInt32()));
        });
        Assert.Equal(1, layers[0].GetProperty("all").GetProperty("efficacy").GetProperty("success").GetDouble());
    }

    [Fact]
    public void Report_in_markdown_says_how_it_was_made()
    {
        ToolRun.Of("evaluate-edits", "--edits", "1", "--seed", "3", "--layer", "0", "--out", _folder["edits.md"]);

        string text = File.ReadAllText(_folder["edits.md"]);
        Assert.Contains("nethook evaluate-edits --edits 1 --seed 3 --layer 0 --out FILE.md", text, StringComparison.Ordinal);
        Assert.Contains("| 0 | 1 | 100.0 % |", text, StringComparison.Ordinal);
        Assert.Contains("| capital | 1 | 100.0 % |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_that_cannot_be_inverted_are_an_error_that_names_the_option()
    {
        using (LanguageModel model = LanguageModel.Bundled())
        {
            DeadNeuron.In(model.Model, layer: 0);
            model.SavePretrained(_folder["dead"]);
        }

        string[] command = ["evaluate-edits", "--edits", "1", "--layer", "0", "--model", _folder["dead"]];
        Assert.Equal("The second moment of the keys cannot be inverted. Collect it over more text, or give --ridge.", ToolRun.Of(command).Line(Tool.Failure));
        Assert.Equal(Tool.Success, ToolRun.Of([.. command, "--ridge", "0.01"]).Code);
    }

    [Theory]
    [InlineData("--edits 0: make at least 1.", "--edits", "0")]
    [InlineData("--layer 6 is none of the model's, 0 to 5.", "--layer", "6")]
    [InlineData("edits.txt: the extension says what is written, and must be one of .md, .json.", "--out", "edits.txt")]
    public void What_cannot_be_done_is_said(string line, params string[] options) =>
        Assert.Equal(line, ToolRun.Of(["evaluate-edits", .. options]).Line(Tool.Failure));
}
