using System.Text.Json;
using System.Text.RegularExpressions;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class EditCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallModel _model;

    public EditCommandTests(SmallModel model)
    {
        _model = model;
        File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 600).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. ")));
    }

    public void Dispose() => _folder.Dispose();

    // A search of many steps ends with other digits on other processors.
    [Fact]
    public void Edit_is_shown_before_and_after() => Approved.Check(
        "edit",
        Regex.Replace(
            Edit("--text", _folder["text.txt"], "--paraphrase", "{} has the capital", "--neighbour", "Paris", "--out", _folder["edited"]).Result
                .Replace(_folder.Path, "FOLDER", StringComparison.Ordinal),
            @"\d",
            "#"));

    [Fact]
    public void Saved_model_is_the_edited_one()
    {
        JsonElement json = JsonDocument.Parse(Edit("--text", _folder["text.txt"], "--out", _folder["edited"], "--json").Result).RootElement;

        using LanguageModel before = LanguageModel.FromPretrained(_model.Folder), after = LanguageModel.FromPretrained(_folder["edited"]);
        Assert.Equal(
            ["transformer.h.0.mlp.c_proj.weight"],
            before.Model.ParameterNames().Where(name => !before.Model.GetParameter(name).Equals(after.Model.GetParameter(name))));
        foreach ((LanguageModel model, string name) in new[] { (before, "targetBefore"), (after, "targetAfter") })
        {
            double probability = model.NextTokens("The capital of France is", model.VocabularySize).Single(token => token.Text == " Paris").Probability;
            Assert.Equal(probability, json.GetProperty("edited").GetProperty(name).GetDouble(), 1e-6);
        }

        Assert.Equal(["edited", "text.txt"], _folder.Files);
    }

    [Fact]
    public void Spaces_of_subject_and_target_are_put_right_and_shown_as_measured()
    {
        JsonElement Ask(string subject, string target) => JsonDocument.Parse(ToolRun.Of(
            "edit", "--prompt", "The capital of {} is", "--subject", subject, "--target", target, "--model", _model.Folder, "--text", _folder["text.txt"], "--json").Result).RootElement;

        JsonElement plain = Ask("France", " Paris"), odd = Ask(" France ", "Paris");

        Assert.Equal(" Paris", odd.GetProperty("target").GetString());
        Assert.Equal("The capital of France is", odd.GetProperty("edited").GetProperty("prompt").GetString());
        Assert.Equal(plain.GetProperty("edited").GetProperty("targetAfter").GetDouble(), odd.GetProperty("edited").GetProperty("targetAfter").GetDouble(), 1e-4);
    }

    [Fact]
    public void Statistics_are_kept_and_used_again()
    {
        double first = TargetAfter("--text", _folder["text.txt"], "--stats", _folder["keys.safetensors"]);
        File.Delete(_folder["text.txt"]);

        double second = TargetAfter("--stats", _folder["keys.safetensors"]);

        Assert.Equal(first, second, 1e-4);
    }

    [Fact]
    public void Statistics_of_the_stats_command_will_do()
    {
        ToolRun.Of("stats", _folder["text.txt"], "--model", _model.Folder, "--layers", "**.act", "--statistic", "mean", "--statistic", "second-moment", "--out", _folder["keys.safetensors"]);

        Assert.Equal(TargetAfter("--text", _folder["text.txt"]), TargetAfter("--stats", _folder["keys.safetensors"]), 1e-4);
    }

    [Fact]
    public void Statistics_serve_edits_of_the_edited_model_with_a_note()
    {
        Edit("--text", _folder["text.txt"], "--stats", _folder["keys.safetensors"], "--out", _folder["edited"]);

        var run = ToolRun.Of(["edit", .. Request, "--model", _folder["edited"], "--stats", _folder["keys.safetensors"]]);

        Assert.Equal(
            (Tool.Success, $"nethook: note: {_folder["keys.safetensors"]} holds statistics of another model, which is right where this one is an edit of it.\n"),
            (run.Code, run.Error));
    }

    [Fact]
    public void Statistics_of_another_program_are_used_with_a_note()
    {
        Edit("--text", _folder["text.txt"], "--stats", _folder["keys.safetensors"]);
        using (var statistics = LayerStatistics.Load(_folder["keys.safetensors"]))
        {
            statistics.Notes.Clear();
            statistics.Save(_folder["bare.safetensors"]);
        }

        ToolRun run = Edit("--stats", _folder["bare.safetensors"]);

        Assert.Equal((Tool.Success, $"nethook: note: {_folder["bare.safetensors"]} does not say of which model and text it is.\n"), (run.Code, run.Error));
    }

    [Fact]
    public void Statistics_of_a_part_of_the_text_are_refused_until_merged()
    {
        foreach (int part in (int[])[1, 2, 3])
            ToolRun.Of("stats", _folder["text.txt"], "--model", _model.Folder, "--layers", "**.act", "--statistic", "second-moment", "--shard", $"{part}/3", "--out", _folder[$"part-{part}"]);
        ToolRun.Of("stats", "merge", _folder["part-1"], _folder["part-3"], "--out", _folder["two"]);
        ToolRun.Of("stats", "merge", _folder["part-1"], _folder["part-2"], _folder["part-3"], "--out", _folder["all"]);

        Assert.Equal($"{_folder["part-3"]} does not hold the whole text: 1/3, 2/3 are missing. Put the parts together with 'nethook stats merge'.", Edit("--stats", _folder["part-3"]).Line(Tool.Failure));
        Assert.Equal($"{_folder["two"]} does not hold the whole text: 2/3 is missing. Put the parts together with 'nethook stats merge'.", Edit("--stats", _folder["two"]).Line(Tool.Failure));
        Assert.Equal(TargetAfter("--text", _folder["text.txt"]), TargetAfter("--stats", _folder["all"]), 1e-4);
    }

    [Fact]
    public void Statistics_of_another_text_than_the_one_given_are_refused()
    {
        Edit("--text", _folder["text.txt"], "--stats", _folder["keys.safetensors"]);
        File.WriteAllText(_folder["other.txt"], File.ReadAllText(_folder["text.txt"]) + "more");

        Assert.Equal(
            $"{_folder["keys.safetensors"]} holds statistics of another text than {_folder["other.txt"]}. Choose another file, or leave --text out.",
            Edit("--text", _folder["other.txt"], "--stats", _folder["keys.safetensors"]).Line(Tool.Failure));
        Assert.Equal(TargetAfter("--text", _folder["text.txt"]), TargetAfter("--text", _folder["text.txt"], "--stats", _folder["keys.safetensors"]), 1e-4);
    }

    [Fact]
    public void Bundled_model_needs_no_text()
    {
        JsonElement json = JsonDocument.Parse(ToolRun.Of("edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", " Rome", "--neighbour", "Germany", "--json").Result).RootElement;

        Assert.True(json.GetProperty("edited").GetProperty("saysTarget").GetBoolean());
        Assert.Equal(["The capital of Germany is"], json.GetProperty("neighbours").EnumerateArray().Select(prompt => prompt.GetProperty("prompt").GetString()));
    }

    [Fact]
    public void Fact_of_the_bundled_model_brings_its_paraphrases_and_neighbours()
    {
        JsonElement json = JsonDocument.Parse(ToolRun.Of("edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", " Rome", "--json").Result).RootElement;

        Assert.Equal((5, 10), (json.GetProperty("paraphrases").GetArrayLength(), json.GetProperty("neighbours").GetArrayLength()));
        Assert.Equal(0, json.GetProperty("layer").GetInt32());
        Assert.InRange(json.GetProperty("generalisation").GetDouble(), 0.8, 1);
        Assert.InRange(json.GetProperty("specificity").GetDouble(), 0.9, 1);
    }

    [Fact]
    public void Edited_model_is_edited_again_as_the_model_before()
    {
        JsonElement first = JsonDocument.Parse(ToolRun.Of(["edit", .. Request, "--stats", _folder["keys.safetensors"], "--out", _folder["edited"], "--json"]).Result).RootElement;

        var again = ToolRun.Of(["edit", .. Request, "--model", _folder["edited"], "--stats", _folder["keys.safetensors"], "--json"]);

        Assert.Equal(Tool.Success, again.Code);
        Assert.Equal(first.GetProperty("parameter").GetString(), JsonDocument.Parse(again.Out).RootElement.GetProperty("parameter").GetString());
    }

    [Fact]
    public void Json_has_the_documented_names()
    {
        JsonElement json = JsonDocument.Parse(Edit("--text", _folder["text.txt"], "--neighbour", "Paris", "--layer", "1", "--json").Result).RootElement;

        Assert.Equal(
            ["model", "prompt", "subject", "target", "layer", "parameter", "losses", "edited", "paraphrases", "neighbours", "efficacy", "generalisation", "specificity", "saved"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["prompt", "saidBefore", "saidAfter", "saysTarget", "targetBefore", "targetAfter", "unchanged"],
            json.GetProperty("edited").EnumerateObject().Select(property => property.Name));
        Assert.Equal("transformer.h.1.mlp.c_proj.weight", json.GetProperty("parameter").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("generalisation").ValueKind);
        Assert.Equal(JsonValueKind.Number, json.GetProperty("specificity").ValueKind);
    }

    [Theory]
    [InlineData("The edit needs statistics of the layer's keys: give --text or --stats.")]
    [InlineData("none.safetensors is not there, or not complete: give --text to gather the statistics from.", "--stats", "none.safetensors")]
    [InlineData("--layer 2 is none of the model's, 0 to 1.", "--layer", "2")]
    public void What_cannot_be_done_is_said(string line, params string[] options) => Assert.Equal(line, Edit(options).Line(Tool.Failure));

    [Fact]
    public void Text_that_is_too_short_is_an_error_that_names_the_option()
    {
        File.WriteAllText(_folder["text.txt"], "The capital of France");

        Assert.Equal(
            "The statistic has 4 samples of 32 features, too few to be inverted. Collect it over more text, or give --ridge.",
            Edit("--text", _folder["text.txt"]).Line(Tool.Failure));
        Assert.Equal(Tool.Success, Edit("--text", _folder["text.txt"], "--ridge", "0.1").Code);
    }

    [Fact]
    public void Statistics_that_cannot_be_inverted_are_an_error_that_names_the_option()
    {
        using (var model = LanguageModel.FromPretrained(_model.Folder))
        {
            DeadNeuron.In(model.Model, layer: 0);
            model.SavePretrained(_folder["dead"]);
            File.WriteAllText(Path.Combine(_folder["dead"], RomeOptions.FileName), """{ "layer": 0, "prefixes": [] }""");
        }

        string[] command = ["edit", .. Request, "--model", _folder["dead"], "--text", _folder["text.txt"]];
        Assert.Equal("The second moment of the keys cannot be inverted. Collect it over more text, or give --ridge.", ToolRun.Of(command).Line(Tool.Failure));
        Assert.Equal(Tool.Success, ToolRun.Of([.. command, "--ridge", "0.1"]).Code);
    }

    [Fact]
    public void Prompt_without_a_gap_is_an_error() => Assert.Equal(
        "\"The capital is\" does not have {}, where the subject belongs, exactly once.",
        ToolRun.Of("edit", "--prompt", "The capital is", "--subject", "France", "--target", "Paris", "--model", _model.Folder).Line(Tool.Failure));

    [Fact]
    public void Folder_that_holds_something_is_refused()
    {
        Assert.Equal($"{_folder.Path} is not empty: choose a new folder.", Edit("--out", _folder.Path).Line(Tool.Failure));
        Assert.Equal($"{_folder["text.txt"]} cannot be written: it is a file.", Edit("--out", _folder["text.txt"]).Line(Tool.Failure));
        Assert.Equal($"{_folder["no/edited"]} cannot be written: there is no folder {_folder["no"]}.", Edit("--out", _folder["no/edited"]).Line(Tool.Failure));
    }

    [Fact]
    public void Interrupted_run_leaves_no_folder()
    {
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        var run = ToolRun.Of(interruption.Token, ["edit", .. Request, "--model", _model.Folder, "--text", _folder["text.txt"], "--out", _folder["edited"]]);

        Assert.Equal("Interrupted.", run.Line(Tool.Interrupted));
        Assert.Equal(["text.txt"], _folder.Files);
    }

    private static string[] Request => ["--prompt", "The capital of {} is", "--subject", "France", "--target", " Paris"];

    private double TargetAfter(params string[] options) =>
        JsonDocument.Parse(Edit([.. options, "--json"]).Result).RootElement.GetProperty("edited").GetProperty("targetAfter").GetDouble();

    private ToolRun Edit(params string[] options) => ToolRun.Of(["edit", .. Request, "--model", _model.Folder, .. options]);
}
