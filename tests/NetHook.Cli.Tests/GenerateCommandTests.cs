using System.Text.Json;
using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

public sealed class GenerateCommandTests(SmallModel model) : IDisposable
{
    private const string Prompt = "The capital of France is", Layer = "transformer.h.0";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_text_is_the_prompt_with_what_the_library_adds()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);

        Assert.Equal(Prompt + library.Generate(Prompt, 5) + "\n", Generate(Prompt, "--max-tokens", "5").Result);
        Assert.Equal(Prompt + library.Generate(Prompt, 40) + "\n", Generate(Prompt).Result);
        Assert.Equal(
            Prompt + library.Generate(Prompt, 9, new() { Temperature = 1.5, Seed = 3 }) + "\n",
            Generate(Prompt, "-n", "9", "--temperature", "1.5", "--seed", "3").Result);
    }

    [Fact]
    public void Lines_of_a_file_are_continued_together()
    {
        File.WriteAllText(_folder["prompts.txt"], "The\n\nThe capital\n");
        string[] alone = [Generate("The", "-n", "6").Result, Generate("The capital", "-n", "6").Result];

        Assert.Equal(string.Concat(alone), Generate("--prompts", _folder["prompts.txt"], "-n", "6").Result);
    }

    [Fact]
    public void Json_has_the_documented_names_and_nothing_else()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        JsonElement json = JsonDocument.Parse(Generate(Prompt, "--max-tokens", "3", "--json").Result).RootElement;

        Assert.Equal(["model", "steering", "texts", "saved"], Names(json));
        JsonElement text = json.GetProperty("texts")[0], token = text.GetProperty("tokens")[0];
        Assert.Equal(["prompt", "text", "tokens"], Names(text));
        Assert.Equal(["id", "text", "probability", "alternatives"], Names(token));
        Assert.Equal((Prompt, library.Generate(Prompt, 3)), (text.GetProperty("prompt").GetString(), text.GetProperty("text").GetString()));
        Assert.Equal(5, token.GetProperty("alternatives").GetArrayLength());
        Close.Equal(library.NextTokens(Prompt)[0].Probability, token.GetProperty("probability").GetDouble());
    }

    [Fact]
    public void A_vector_steers_as_strongly_as_asked_for()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        using var steering = new SteeringVector(Layer, linspace(-1, 1, 8));
        steering.Save(_folder["v.safetensors"]);
        string Steered(double strength)
        {
            using Trace trace = steering.Attach(library.Model, strength);
            return Prompt + library.Generate(Prompt, 8) + "\n";
        }

        Assert.Equal(Steered(1), Generate(Prompt, "-n", "8", "--steer", _folder["v.safetensors"]).Result);
        Assert.Equal(Steered(-40.5), Generate(Prompt, "-n", "8", "--steer", _folder["v.safetensors"] + ":-40.5").Result);
        Assert.NotEqual(Steered(0), Steered(-40.5));
        JsonElement json = JsonDocument.Parse(Generate(Prompt, "--steer", _folder["v.safetensors"] + ":2", "--json").Result).RootElement.GetProperty("steering")[0];
        Assert.Equal(["file", "layer", "strength", "features"], Names(json));
        Assert.Equal((_folder["v.safetensors"], Layer, 2.0, 8), (json.GetProperty("file").GetString(), json.GetProperty("layer").GetString(), json.GetProperty("strength").GetDouble(), json.GetProperty("features").GetInt32()));
    }

    [Fact]
    public void Traced_layers_are_saved_step_by_step()
    {
        File.WriteAllText(_folder["prompts.txt"], "The\nThe capital of\n");
        Generate("--prompts", _folder["prompts.txt"], "-n", "4", "--trace", "transformer.h.*", "--out", _folder["steps.safetensors"]);

        (Dictionary<string, (long[] Shape, float[] Values)> tensors, Dictionary<string, string> notes) = PlainSafetensors.Read(_folder["steps.safetensors"]);

        Assert.Equal(
            from layer in new[] { 0, 1 } from step in Enumerable.Range(0, 4) select $"transformer.h.{layer}@{step}",
            tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2L, 3, 8], tensors["transformer.h.1@0"].Shape);
        Assert.Equal([2L, 1, 8], tensors["transformer.h.1@3"].Shape);
        Assert.Equal(("The", "The capital of", "2", "0"), (notes["prompt0"], notes["prompt1"], notes["padding0"], notes["padding1"]));
    }

    [Fact]
    public void What_cannot_be_done_is_said_in_a_line()
    {
        Assert.Equal("There is nothing to continue. Give a PROMPT, or --prompts FILE with one in each line.", Generate().Line(Tool.Failure));
        Assert.Equal("Give a PROMPT or --prompts, not both.", Generate("a", "--prompts", "b").Line(Tool.Failure));
        Assert.Equal("--trace says which layers are kept and --out says where: give both.", Generate("a", "--trace", "**").Line(Tool.Failure));
        Assert.Equal("--trace says which layers are kept and --out says where: give both.", Generate("a", "--out", "b").Line(Tool.Failure));
        Assert.Equal("--max-tokens is -1: give 0 or more.", Generate("a", "--max-tokens", "-1").Line(Tool.Failure));
        Assert.StartsWith("Temperature is 0, for the most likely token, or more.", ToolRun.Of("generate", "a", "--temperature", "-1", "--model", model.Folder).Line(Tool.Failure));
        Assert.Equal("The input has 25 tokens, this model reads at most 24 (n_positions): shorten it.", Generate("abcdefghijklmnopqrstuvwxy").Line(Tool.Failure));
        Assert.Contains("none.safetensors", Generate("a", "--steer", "none.safetensors:3").Line(Tool.Failure));
        Assert.EndsWith("the strength is not a finite number.", Generate("a", "--steer", "v:1e999").Line(Tool.Failure));
        File.WriteAllText(_folder["empty.txt"], "\n\n");
        Assert.EndsWith("It has no lines. Give one prompt in each.", Generate("--prompts", _folder["empty.txt"]).Line(Tool.Failure));
        File.WriteAllBytes(_folder["bytes.txt"], [0x61, 0xff]);
        Assert.EndsWith("It is not UTF-8.", Generate("--prompts", _folder["bytes.txt"]).Line(Tool.Failure));
        using (var steering = new SteeringVector("transformer.nowhere", ones(8)))
            steering.Save(_folder["v.safetensors"]);
        Assert.Contains("v.safetensors: ", Generate("a", "--steer", _folder["v.safetensors"]).Line(Tool.Failure));
    }

    [Fact]
    public void Interrupted_it_says_so()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Equal(Tool.Interrupted, ToolRun.Of(cancellation.Token, "generate", Prompt, "--model", model.Folder, "--json").Code);
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(property => property.Name);

    private ToolRun Generate(params string[] arguments) => ToolRun.Of(["generate", .. arguments, "--model", model.Folder]);
}
