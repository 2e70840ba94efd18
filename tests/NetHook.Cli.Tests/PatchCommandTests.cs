using System.Text.Json;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class PatchCommandTests(SmallModel model)
{
    private const string Clean = "The capital of France is";
    private const string Other = "The capital of Paris is";

    [Fact]
    public void Tokens_that_differ_are_marked() => Approved.Check("patch", Patch("--answer", "a", "--counterfactual-answer", "b").Result);

    [Fact]
    public void Json_has_the_numbers_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        ActivationPatch patch = new ActivationPatcher(library).Patch(
            Clean, Other, new() { Kind = StateKind.Attention, Window = 2, CleanAnswer = "a", CounterfactualAnswer = "b", CleanSubject = "France", CounterfactualSubject = "Paris" });

        JsonElement json = JsonDocument.Parse(Patch(
            "--kind", "attn", "--window", "2", "--answer", "a", "--counterfactual-answer", "b", "--subject", "France", "--counterfactual-subject", "Paris", "--json").Result).RootElement;

        Assert.Equal(
            ["model", "prompt", "counterfactual", "answer", "counterfactualAnswer", "logitDifference", "counterfactualLogitDifference", "tokens", "grids", "saved"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["cleanPosition", "counterfactualPosition", "cleanText", "counterfactualText", "differs"],
            json.GetProperty("tokens")[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            [(library.Tokenizer.Encode("a")[0], "a"), (library.Tokenizer.Encode("b")[0], "b")],
            new[] { "answer", "counterfactualAnswer" }.Select(json.GetProperty).Select(answer => (answer.GetProperty("id").GetInt32(), answer.GetProperty("text").GetString())));
        Close.Equal(patch.CleanLogitDifference, json.GetProperty("logitDifference").GetDouble());
        Close.Equal(patch.CounterfactualLogitDifference, json.GetProperty("counterfactualLogitDifference").GetDouble());
        JsonElement grid = json.GetProperty("grids")[0];
        Assert.Equal(("attn", 2), (grid.GetProperty("kind").GetString(), grid.GetProperty("window").GetInt32()));
        Close.Equal(patch.LogitDifferences.Values, grid.GetProperty("logitDifferences").Deserialize<double[][]>()!.SelectMany(row => row));
        Assert.All(
            patch.Normalized().Values.Zip(grid.GetProperty("recovered").Deserialize<double[][]>()!.SelectMany(row => row)),
            pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void Csv_has_a_row_for_each_kind_token_and_layer()
    {
        using var folder = new TemporaryFolder();

        Patch("--answer", "a", "--counterfactual-answer", "b", "--kind", "all", "--out", folder["grid.csv"]);

        string[] lines = File.ReadAllLines(folder["grid.csv"]);
        Assert.Equal("kind,window,clean_position,clean_token,counterfactual_position,counterfactual_token,layer,logit_difference,recovered", lines[0]);
        Assert.Equal(1 + (3 * 5 * 2), lines.Length);
        Assert.StartsWith("hidden,1,3,\" France\",3,\" Paris\",0,", lines[7], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The clean prompt has 5 tokens and the counterfactual one 1. Choose prompts of the same number of tokens, or give both subjects to align them by.", "The")]
    [InlineData("Only one of the two subjects is given. Prompts are aligned by both, or by none.", Other, "--subject", "France")]
    [InlineData("The answer \"ab\" is 2 tokens (\"a\", \"b\"). Give the first, and mind the space before a word.", Other, "--answer", "ab")]
    public void What_cannot_be_done_is_said(string line, string counterfactual, params string[] options) =>
        Assert.Equal(line, ToolRun.Of(["patch", Clean, counterfactual, "--model", model.Folder, .. options]).Line(Tool.Failure));

    private ToolRun Patch(params string[] options) => ToolRun.Of(["patch", Clean, Other, "--model", model.Folder, .. options]);
}
