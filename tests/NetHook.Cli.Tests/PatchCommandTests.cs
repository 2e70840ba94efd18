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
    [InlineData("head", HeadPart.Output)]
    [InlineData("q", HeadPart.Query)]
    [InlineData("k", HeadPart.Key)]
    [InlineData("v", HeadPart.Value)]
    [InlineData("pattern", HeadPart.Pattern)]
    public void Parts_of_heads_have_the_numbers_of_the_library(string kind, HeadPart part)
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        HeadPatch patch = new HeadPatcher(library).Patch(Clean, Other, part, new() { CleanAnswer = "a", CounterfactualAnswer = "b" });

        JsonElement grid = JsonDocument.Parse(Patch("--kind", kind, "--answer", "a", "--counterfactual-answer", "b", "--json").Result).RootElement.GetProperty("grids")[0];

        Assert.Equal(kind, grid.GetProperty("kind").GetString());
        double[][] rows = grid.GetProperty("logitDifferences").Deserialize<double[][]>()!;
        for (int head = 0; head < rows.Length; head++)
            Close.Equal(Enumerable.Range(0, patch.LogitDifferences.Layers).Select(layer => patch.LogitDifferences[layer, head]), rows[head]);
        Assert.Equal(patch.LogitDifferences.Heads, rows.Length);
    }

    [Fact]
    public void Heads_are_drawn_and_saved()
    {
        using var folder = new TemporaryFolder();

        string text = Patch("--answer", "a", "--counterfactual-answer", "b", "--kind", "head", "--out", folder["heads.csv"]).Result;
        Patch("--answer", "a", "--counterfactual-answer", "b", "--kind", "v", "--out", folder["heads.svg"]);
        Patch("--answer", "a", "--counterfactual-answer", "b", "--kind", "v", "--fast", "--out", folder["fast.svg"]);

        Approved.Check("patch-heads", text.Replace(folder["heads.csv"], "FILE", StringComparison.Ordinal));
        string[] lines = File.ReadAllLines(folder["heads.csv"]);
        Assert.Equal("kind,head,layer,logit_difference,recovered", lines[0]);
        Assert.Equal(1 + (2 * 2), lines.Length);
        Assert.Contains("Values of heads patched", File.ReadAllText(folder["heads.svg"]), StringComparison.Ordinal);
        Assert.Contains("estimated", File.ReadAllText(folder["fast.svg"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Fast_says_estimates_exact_values_and_recall()
    {
        using var folder = new TemporaryFolder();
        using var library = LanguageModel.FromPretrained(model.Folder);
        AttributionPatch patch = new AttributionPatcher(library).Estimate(
            Clean, Other, new() { Parts = [HeadPart.Key], Top = 4, GradDrop = true, Prompts = new() { CleanAnswer = "a", CounterfactualAnswer = "b" } });
        string[] asked = ["--fast", "--kind", "k", "--top", "4", "--grad-drop", "--answer", "a", "--counterfactual-answer", "b"];

        JsonElement json = JsonDocument.Parse(Patch([.. asked, "--json"]).Result).RootElement;
        string text = Patch([.. asked, "--out", folder["nodes.csv"]]).Result;

        Assert.Equal(
            ["model", "prompt", "counterfactual", "answer", "counterfactualAnswer", "logitDifference", "counterfactualLogitDifference", "tokens", "gradDrop", "verified", "recall", "nodes", "saved"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal((4, patch.Recall), (json.GetProperty("verified").GetInt32(), json.GetProperty("recall").GetDouble()));
        JsonElement[] nodes = [.. json.GetProperty("nodes").EnumerateArray()];
        Assert.Equal(["kind", "layer", "head", "token", "estimate", "strength", "exact"], nodes[0].EnumerateObject().Select(property => property.Name));
        Close.Equal(patch.Nodes.Select(node => node.Estimate), nodes.Select(node => node.GetProperty("estimate").GetDouble()));
        Close.Equal(patch.Nodes.Take(4).Select(node => node.Exact!.Value), nodes.Take(4).Select(node => node.GetProperty("exact").GetDouble()));
        Assert.Equal(JsonValueKind.Null, nodes[4].GetProperty("exact").ValueKind);
        Assert.Contains("Recall among the verified: ", text, StringComparison.Ordinal);
        Assert.Equal("kind,layer,head,counterfactual_position,counterfactual_token,estimate,strength,exact", File.ReadLines(folder["nodes.csv"]).First());
    }

    [Fact]
    public void A_path_is_that_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        PathPatch patch = new PathPatcher(library).Patch(
            Clean, Other, PathNode.OfHead(0, 1), PathNode.OfHead(1, 0, HeadPart.Value), new() { Prompts = new() { CleanAnswer = "a", CounterfactualAnswer = "b" } });
        string[] asked = ["--from", "0.1", "--to", "1.0.v", "--answer", "a", "--counterfactual-answer", "b"];

        JsonElement json = JsonDocument.Parse(Patch([.. asked, "--json"]).Result).RootElement;

        Assert.Equal(("0.1", "1.0.v"), (json.GetProperty("sender").GetString(), json.GetProperty("receiver").GetString()));
        Close.Equal(patch.LogitDifference, json.GetProperty("pathLogitDifference").GetDouble());
        Assert.Equal(patch.Normalized, json.GetProperty("recovered").GetDouble(), 1e-3);
        Assert.Contains("What the clean 0.1 says to 1.0.v alone makes it ", Patch(asked).Result, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A path has two ends: give both --from and --to.", "--from", "0.1")]
    [InlineData("--from: \"x\" is no part of a model. Write LAYER.HEAD such as 3.1, LAYER.HEAD.q, .k or .v for what a head reads, mlp.LAYER, or logits.", "--from", "x", "--to", "logits")]
    [InlineData("--from and --to patch one path, and --kind and --fast do not go with them: --to says which part receives.", "--from", "0.1", "--to", "logits", "--fast")]
    [InlineData("--fast estimates parts of heads: --kind is head, q, k, v, pattern.", "--kind", "mlp", "--fast")]
    [InlineData("--window puts layers together, and heads are patched one by one: leave it out.", "--kind", "head", "--window", "2")]
    [InlineData("--top and --grad-drop say how --fast works: give it too.", "--top", "3")]
    [InlineData("--top is 0: an estimate is nothing without exact values beside it, so give 1 or more.", "--fast", "--top", "0")]
    public void Options_that_do_not_go_together_are_refused(string line, params string[] options) =>
        Assert.Equal(line, Patch(options).Line(Tool.Failure));

    [Theory]
    [InlineData("The clean prompt has 5 tokens and the counterfactual one 1. Choose prompts of the same number of tokens, or give both subjects to align them by.", "The")]
    [InlineData("Only one of the two subjects is given. Prompts are aligned by both, or by none.", Other, "--subject", "France")]
    [InlineData("The answer \"ab\" is 2 tokens (\"a\", \"b\"). Give the first, and mind the space before a word.", Other, "--answer", "ab")]
    public void What_cannot_be_done_is_said(string line, string counterfactual, params string[] options) =>
        Assert.Equal(line, ToolRun.Of(["patch", Clean, counterfactual, "--model", model.Folder, .. options]).Line(Tool.Failure));

    private ToolRun Patch(params string[] options) => ToolRun.Of(["patch", Clean, Other, "--model", model.Folder, .. options]);
}
