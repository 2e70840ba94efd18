using System.Text.Json;
using NetHook.Interpretability;
using Spectre.Console.Testing;

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
        Assert.EndsWith($"Saved to {_folder["edits.json"]}.\n", shown, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(_folder["edits.json"])).RootElement;
        Assert.Equal(["model", "edits", "seed", "steps", "complete", "layers", "saved"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal((BundledModel.Folder, _folder["edits.json"]), (json.GetProperty("model").GetString(), json.GetProperty("saved").GetString()));
        JsonElement[] layers = [.. json.GetProperty("layers").EnumerateArray()];
        Assert.Equal([0, 1], layers.Select(layer => layer.GetProperty("layer").GetInt32()));
        Assert.All(layers, layer =>
        {
            Assert.Equal(["layer", "all", "relations", "shortfalls"], layer.EnumerateObject().Select(property => property.Name));
            JsonElement all = layer.GetProperty("all");
            Assert.Equal(["relation", "edits", "efficacy", "generalisation", "specificity"], all.EnumerateObject().Select(property => property.Name));
            Assert.Equal([2, 10, 20], new[] { "efficacy", "generalisation", "specificity" }.Select(kind => all.GetProperty(kind).GetProperty("prompts").GetInt32()));
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

    [Theory]
    [InlineData(1, "0: 1")]
    [InlineData(2, "0: 2")]
    [InlineData(3, "0: 2, 1: 1")]
    public void Interrupted_work_keeps_the_edits_that_are_finished(int finished, string edits)
    {
        using var model = LanguageModel.Bundled();
        Threads.UseFewFor(model.Model);
        using var interruption = new CancellationTokenSource();
        var book = FactBook.Load();
        RomeOptions[] layers = [new() { Layer = 0, Steps = 2 }, new() { Layer = 1, Steps = 2 }];
        int done = 0;

        IReadOnlyList<LayerEvaluation> results = EditEvaluationRun.Of(model, layers, FactEdits.Draw(book, 2), book, new Reports(() =>
        {
            if (++done == finished)
                interruption.Cancel();
        }), interruption.Token);

        Assert.Equal(edits, string.Join(", ", results.Select(layer => $"{layer.Layer}: {layer.All.Edits}")));
    }

    [Fact]
    public void Interrupted_run_without_a_finished_edit_leaves_no_file()
    {
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        Assert.Equal("Interrupted.", ToolRun.Of(interruption.Token, "evaluate-edits", "--out", _folder["edits.md"]).Line(Tool.Interrupted));
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void Report_that_is_there_already_is_left_alone()
    {
        File.WriteAllText(_folder["edits.md"], "of last week");

        Assert.Equal(
            $"{_folder["edits.md"]} is there already. Choose another file, or remove it.",
            ToolRun.Of("evaluate-edits", "--out", _folder["edits.md"]).Line(Tool.Failure));
        Assert.Equal("of last week", File.ReadAllText(_folder["edits.md"]));
    }

    [Fact]
    public void Report_of_interrupted_work_says_so()
    {
        var score = new EditScore(1, 1, 1, 0.5);
        var report = new EditEvaluationReport("MODEL", 60, 0, 20, false, [new(0, new("all", 23, score, score, score), [], [])], null);

        using var console = new TestConsole();
        EditEvaluationMarkdown.Save(_folder["edits.md"], report);
        EditEvaluationView.Write(console, report);

        Assert.StartsWith("23 edits of MODEL, interrupted, each on a fresh copy (seed 0): success, score, magnitude.\n", console.Output, StringComparison.Ordinal);
        Assert.Contains("\n**It was interrupted:** this is of the 23 edits that were finished.\n", File.ReadAllText(_folder["edits.md"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Report_in_markdown_stands_what_a_model_may_say()
    {
        var score = new EditScore(1, 1, 1, 0.5);
        var miss = new Shortfall("edited", "The capital of \"A|B\" is Rome", "The capital of \"A|B\" is", " Rome", "|\n*x*");
        var report = new EditEvaluationReport("my models/gpt2", 1, 0, 20, true, [new(3, new("all", 1, score, score, score), [], [miss])], null);

        EditEvaluationMarkdown.Save(_folder["edits.md"], report);

        string text = File.ReadAllText(_folder["edits.md"]);
        Assert.Contains("nethook evaluate-edits --edits 1 --seed 0 --layer 3 --model \"my models/gpt2\" --out FILE.md\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n| edited: The capital of \"A\\|B\" is | Rome | \\|\\\\n\\*x\\* | The capital of \"A\\|B\" is Rome |\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_that_cannot_be_inverted_are_an_error_that_names_the_option()
    {
        using (var model = LanguageModel.Bundled())
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
