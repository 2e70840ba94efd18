using System.Text.Json;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class SteerCommandTests(SmallModel model) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("add", SteeringMethod.ContrastiveAddition)]
    [InlineData("mean", SteeringMethod.DifferenceOfMeans)]
    [InlineData("pca", SteeringMethod.PrincipalComponent)]
    public void A_vector_is_that_of_the_library(string name, SteeringMethod method)
    {
        JsonElement json = JsonDocument.Parse(Make("--method", name, "--json").Result).RootElement;

        using var library = LanguageModel.FromPretrained(model.Folder);
        using var expected = SteeringVector.FromPairs(library, ["The capital", "Paris"], ["I've", "The France is"], 1, method);
        using var saved = SteeringVector.Load(_folder["v.safetensors"]);
        Assert.Equal((expected.Layer, expected.Method, expected.Model), (saved.Layer, saved.Method, saved.Model));
        Close.Equal(expected.Norm, saved.Norm);
        Close.Equal(expected.Norm, json.GetProperty("norm").GetDouble());
        Assert.Equal(["model", "layer", "method", "norm", "features", "saved"], json.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public void A_trial_has_the_random_vector_beside_it()
    {
        Make();
        string[] asked = ["steer", "try", _folder["v.safetensors"], "The capital of France is", "--model", model.Folder, "--strength", "3", "--answer", "a", "--against", "b", "--max-tokens", "2", "--seed", "4"];

        JsonElement json = JsonDocument.Parse(ToolRun.Of([.. asked, "--json"]).Result).RootElement;
        string text = ToolRun.Of(asked).Result;

        using var library = LanguageModel.FromPretrained(model.Folder);
        using var vector = SteeringVector.Load(_folder["v.safetensors"]);
        var trial = SteeringTrial.Run(library, vector, ["The capital of France is"], new() { Strengths = [3], Answer = "a", Against = "b", MaxTokens = 2, Seed = 4 });
        Assert.Equal(["model", "layer", "method", "norm", "seed", "measured", "prompts", "outcomes"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["strength", "random", "measure", "texts"], json.GetProperty("outcomes")[0].EnumerateObject().Select(property => property.Name));
        Close.Equal(trial.Outcomes.Select(outcome => outcome.Measure!.Value), json.GetProperty("outcomes").EnumerateArray().Select(outcome => outcome.GetProperty("measure").GetDouble()));
        Assert.Equal(trial + "\n", text);
        Assert.Contains("3 x a random vector of that norm", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_made_or_tried_is_said()
    {
        File.WriteAllText(_folder["one.txt"], "Paris\n");
        Make();

        Assert.StartsWith("The model has no layer 9: its layers are 0 to 1.", Failure("make", "--layer", "9"), StringComparison.Ordinal);
        Assert.StartsWith("There are 1 positive prompts and 2 negative ones", Failure("make", "--layer", "0", "--positives", _folder["one.txt"]), StringComparison.Ordinal);
        Assert.Equal("There is nothing to steer. Give a PROMPT, or --prompts FILE with one in each line.", ToolRun.Of("steer", "try", _folder["v.safetensors"]).Line(Tool.Failure));
        Assert.StartsWith("A strength is a finite number other than 0", ToolRun.Of("steer", "try", _folder["v.safetensors"], "Paris", "--strength", "0", "--model", model.Folder).Line(Tool.Failure), StringComparison.Ordinal);
        using (var narrow = new SteeringVector("transformer.h.0", TorchSharp.torch.zeros(3)))
            narrow.Save(_folder["narrow.safetensors"]);
        Assert.Contains("made for another model or layer", ToolRun.Of("steer", "try", _folder["narrow.safetensors"], "Paris", "--model", model.Folder).Line(Tool.Failure), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private ToolRun Make(params string[] options)
    {
        Write();
        return ToolRun.Of(["steer", "make", "--positives", _folder["p.txt"], "--negatives", _folder["n.txt"], "--layer", "1", "--out", _folder["v.safetensors"], "--model", model.Folder, .. options]);
    }

    private string Failure(string command, params string[] options)
    {
        Write();
        string[] positives = options.Contains("--positives") ? [] : ["--positives", _folder["p.txt"]];
        return ToolRun.Of(["steer", command, .. positives, "--negatives", _folder["n.txt"], "--out", _folder["x.safetensors"], "--model", model.Folder, .. options]).Line(Tool.Failure);
    }

    private void Write()
    {
        File.WriteAllText(_folder["p.txt"], "The capital\nParis\n");
        File.WriteAllText(_folder["n.txt"], "I've\nThe France is\n");
    }
}
