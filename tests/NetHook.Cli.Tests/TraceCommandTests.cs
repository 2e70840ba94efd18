using System.Text.Json;
using System.Text.RegularExpressions;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed partial class TraceCommandTests(SmallModel model)
{
    private const string Prompt = "The capital of France is";

    [Fact]
    public void Usual_layers_are_shown_with_the_next_tokens() => Approved.Check("trace", WithoutTimes(Trace(Prompt).Result));

    [Fact]
    public void All_layers_are_shown_as_they_ran() => Approved.Check("trace-all", WithoutTimes(Trace(Prompt, "--layers", "**").Result));

    [Fact]
    public void Stop_ends_the_pass() => Approved.Check("trace-stop", WithoutTimes(Trace(Prompt, "--layers", "**.mlp", "--stop-at", "transformer.h.0").Result));

    [Fact]
    public void Several_globs_select_each_layer_once() => Assert.Equal(
        ["transformer.h.0.mlp", "transformer.h.1.attn", "transformer.h.1.mlp"],
        Layers(Json(Prompt, "--layers", "**.mlp", "-l", "transformer.h.1.{attn,mlp}")));

    [Fact]
    public void Layer_to_stop_at_may_be_a_glob_that_matches_one()
    {
        Assert.Equal("transformer.h.1.mlp", Json(Prompt, "--stop-at", "**.1.mlp").GetProperty("stoppedAt").GetString());
        Assert.Equal(
            "'**.mlp' matches 2 layers, transformer.h.0.mlp, transformer.h.1.mlp ...: name one.",
            Trace(Prompt, "--stop-at", "**.mlp").Line(Tool.Failure));
    }

    [Fact]
    public void Layer_to_stop_at_is_traced_though_not_selected() => Assert.Equal(
        ["transformer.wte", "transformer.h.0.attn"],
        Layers(Json(Prompt, "--layers", "transformer.wte", "--stop-at", "transformer.h.0.attn")));

    [Fact]
    public void Json_has_the_documented_names_and_nothing_else()
    {
        JsonElement json = Json(Prompt);

        Assert.Equal(["model", "prompt", "tokens", "stoppedAt", "nextTokens", "layers", "saved"], Names(json));
        Assert.Equal(["id", "text"], Names(json.GetProperty("tokens")[0]));
        Assert.Equal(["id", "text", "probability"], Names(json.GetProperty("nextTokens")[0]));
        Assert.Equal(["layer", "type", "shape", "mean", "std", "norm", "milliseconds"], Names(json.GetProperty("layers")[0]));
        Assert.Equal((model.Folder, Prompt), (json.GetProperty("model").GetString(), json.GetProperty("prompt").GetString()));
        Assert.Equal(["The", " capital", " of", " France", " is"], json.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("text").GetString()));
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (json.GetProperty("stoppedAt").ValueKind, json.GetProperty("saved").ValueKind));
    }

    [Fact]
    public void Json_of_a_stopped_pass_has_no_next_tokens()
    {
        JsonElement json = Json(Prompt, "--stop-at", "transformer.h.0");

        Assert.Equal("transformer.h.0", json.GetProperty("stoppedAt").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("nextTokens").ValueKind);
    }

    [Fact]
    public void Numbers_are_those_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        using var trace = new Trace(library.Model, "transformer.h.1.mlp", new() { Detach = true });
        library.Model.call(library.Tokens(Prompt));
        double[] values = [.. trace.Output.data<float>().Select(value => (double)value)];
        double mean = values.Average();

        JsonElement json = Json(Prompt, "--layers", "transformer.h.1.mlp"), layer = json.GetProperty("layers")[0];

        Assert.Equal("Gpt2Mlp", layer.GetProperty("type").GetString());
        Assert.Equal([1, 5, 8], layer.GetProperty("shape").Deserialize<long[]>()!);
        Assert.Equal(mean, layer.GetProperty("mean").GetDouble(), 1e-5);
        Assert.Equal(Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), layer.GetProperty("std").GetDouble(), 1e-5);
        Assert.Equal(Math.Sqrt(values.Sum(value => value * value)), layer.GetProperty("norm").GetDouble(), 1e-5);
        Assert.True(layer.GetProperty("milliseconds").GetDouble() > 0);
        foreach ((NextToken expected, JsonElement token) in library.NextTokens(Prompt, 5).Zip(json.GetProperty("nextTokens").EnumerateArray()))
            Close.Equal(expected, new NextToken(token.GetProperty("id").GetInt32(), token.GetProperty("text").GetString()!, token.GetProperty("probability").GetDouble()));
    }

    [Fact]
    public void Layer_takes_at_least_the_time_of_what_is_in_it()
    {
        JsonElement layers = Json(Prompt, "--layers", "transformer.h.0", "--layers", "transformer.h.0.*").GetProperty("layers");
        double[] times = [.. layers.EnumerateArray().Select(layer => layer.GetProperty("milliseconds").GetDouble())];

        Assert.True(times[0] > times[1..].Sum());
    }

    [Fact]
    public void Prompt_that_looks_like_something_else_is_a_prompt()
    {
        Assert.Equal("@file", Json("@file").GetProperty("prompt").GetString());
        Assert.Equal("layers", Json("layers").GetProperty("prompt").GetString());
        Assert.Equal("--json", JsonDocument.Parse(ToolRun.Of("trace", "--model", model.Folder, "--json", "--", "--json").Result).RootElement.GetProperty("prompt").GetString());
    }

    [Theory]
    [InlineData(
        "No layer of Gpt2 matches 'transformer.h.7.mlp'. Its children are transformer, lm_head. Did you mean 'transformer.h.0.mlp', 'transformer.h.1.mlp' or 'transformer.h.0'?",
        "--layers", "transformer.h.7.mlp")]
    [InlineData(
        "No layer of Gpt2 matches 'nothing'. Its children are transformer, lm_head.",
        "--layers", "**", "--layers", "nothing")]
    [InlineData(
        "Malformed layer pattern 'transformer.{h': the '{' is never closed; write '\\{' for the character itself (position 12).",
        "--layers", "transformer.{h")]
    [InlineData(
        "'transformer.h' matches only transformer.h, which never runs itself: ask for what is in it, 'transformer.h.*'.",
        "--layers", "transformer.h")]
    [InlineData(
        "Gpt2 has no module 'transformer.h.2': 'transformer.h' (ModuleList<Module<Tensor, Tensor>>) has no child '2'; it has 0, 1. Did you mean 'transformer.h.0', 'transformer.h.1' or 'transformer.h'?",
        "--stop-at", "transformer.h.2")]
    [InlineData(
        "'transformer.h' matches only transformer.h, which never runs itself: ask for what is in it, 'transformer.h.*'.",
        "--stop-at", "transformer.h")]
    public void Layer_that_cannot_be_traced_is_an_error(string line, params string[] options) =>
        Assert.Equal(line, Trace(Prompt, options).Line(Tool.Failure));

    [Fact]
    public void Prompt_that_cannot_be_run_is_an_error()
    {
        Assert.Equal(
            "The input has 25 tokens, this model reads at most 24 (n_positions): shorten it.",
            Trace("abcdefghijklmnopqrstuvwxy").Line(Tool.Failure));
        Assert.Equal(
            "The text is not Unicode: character 5 (U+D83D) is half a surrogate pair.",
            Trace("half " + "\U0001F600"[0]).Line(Tool.Failure));
    }

    [Fact]
    public void Model_that_cannot_be_read_is_an_error()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal("no-such-folder: There is no such folder.", ToolRun.Of("trace", Prompt, "--model", "no-such-folder").Line(Tool.Failure));
        Assert.Equal($"{Path.Combine("FOLDER", "config.json")}: It cannot be read: Could not find file '{Path.Combine("FOLDER", "config.json")}'.", Refusal());
        File.Copy(Path.Combine(model.Folder, "config.json"), folder["config.json"]);
        Assert.Equal($"{Path.Combine("FOLDER", "model.safetensors")}: The folder has neither this file nor model.safetensors.index.json.", Refusal());
        File.Copy(Path.Combine(model.Folder, "model.safetensors"), folder["model.safetensors"]);
        Assert.Equal($"{Path.Combine("FOLDER", "vocab.json")}: It cannot be read: Could not find file '{Path.Combine("FOLDER", "vocab.json")}'.", Refusal());

        string Refusal() => ToolRun.Of("trace", Prompt, "--model", folder.Path).Line(Tool.Failure).Replace(folder.Path, "FOLDER", StringComparison.Ordinal);
    }

    [Fact]
    public void Prompt_comes_from_standard_input_where_a_dash_is()
    {
        Assert.Equal(Prompt, JsonDocument.Parse(ToolRun.WithInput(Prompt + "\n", "trace", "-", "--model", model.Folder, "--json").Result).RootElement.GetProperty("prompt").GetString());
        Assert.Equal("Standard input is empty, and PROMPT is read from it: - stands for that.", ToolRun.WithInput("\n", "trace", "-", "--model", model.Folder).Line(Tool.Failure));
    }

    [Fact]
    public void Interrupted_run_says_so_with_code_130()
    {
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        Assert.Equal("Interrupted.", ToolRun.Of(interruption.Token, "trace", Prompt, "--model", model.Folder).Line(Tool.Interrupted));
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static IEnumerable<string?> Layers(JsonElement json) => json.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("layer").GetString());

    /// <summary>The times are the one thing that differs from run to run.</summary>
    private static string WithoutTimes(string text) => Times().Replace(text, "####");

    [GeneratedRegex(@"(?<=  )[ \d][\d.]{3}$", RegexOptions.Multiline)]
    private static partial Regex Times();

    private ToolRun Trace(string prompt, params string[] options) => ToolRun.Of(["trace", prompt, "--model", model.Folder, .. options]);

    private JsonElement Json(string prompt, params string[] options) => JsonDocument.Parse(Trace(prompt, [.. options, "--json"]).Result).RootElement;
}
