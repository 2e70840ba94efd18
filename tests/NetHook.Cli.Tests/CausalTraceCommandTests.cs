using System.Globalization;
using System.Text.Json;
using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

public sealed class CausalTraceCommandTests(SmallModel model)
{
    private const string Prompt = "The capital of France is";

    [Fact]
    public void Hidden_states_are_restored_unless_asked_otherwise() => Approved.Check("causal-trace", Trace().Result);

    [Fact]
    public void All_kinds_come_one_after_another() => Approved.Check("causal-trace-all", Trace("--kind", "all", "--window", "2", "--noise", "0.5", "--samples", "1").Result);

    [Fact]
    public void Json_has_the_numbers_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        CausalTrace trace = new CausalTracer(library).Trace(Prompt, "France", new() { Kind = StateKind.Mlp, Window = 2, Noise = 1.5, Samples = 3, Seed = 7 });

        JsonElement json = JsonDocument.Parse(Trace("--kind", "mlp", "--window", "2", "--noise", "1.5", "--samples", "3", "--seed", "7", "--json").Result).RootElement;

        Assert.Equal(
            ["model", "prompt", "tokens", "subject", "answer", "cleanProbability", "corruptedProbability", "noise", "samples", "seed", "grids", "saved"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal([3], json.GetProperty("subject").Deserialize<int[]>()!);
        Assert.Equal(trace.Answer, json.GetProperty("answer").GetProperty("id").GetInt32());
        Close.Equal(trace.CleanProbability, json.GetProperty("cleanProbability").GetDouble());
        Close.Equal(trace.CorruptedProbability, json.GetProperty("corruptedProbability").GetDouble());
        JsonElement grid = json.GetProperty("grids")[0];
        Assert.Equal(("mlp", 2), (grid.GetProperty("kind").GetString(), grid.GetProperty("window").GetInt32()));
        Close.Equal(trace.Probabilities.Values, grid.GetProperty("probabilities").Deserialize<double[][]>()!.SelectMany(row => row));
    }

    [Fact]
    public void Answer_is_the_one_given()
    {
        using var library = LanguageModel.FromPretrained(model.Folder);
        int paris = library.Tokenizer.Encode(" Paris").Single();

        JsonElement json = JsonDocument.Parse(Trace("--answer", " Paris", "--json").Result).RootElement;

        Assert.Equal((paris, " Paris"), (json.GetProperty("answer").GetProperty("id").GetInt32(), json.GetProperty("answer").GetProperty("text").GetString()));
        Close.Equal(
            library.NextTokens(Prompt, library.VocabularySize).Single(token => token.Id == paris).Probability,
            json.GetProperty("cleanProbability").GetDouble());
    }

    [Fact]
    public void Subject_that_is_there_twice_is_chosen_by_number()
    {
        const string Twice = "France is of France is";
        int[] Subject(string number) => JsonDocument.Parse(
            ToolRun.Of("causal-trace", Twice, "--subject", "France", "--occurrence", number, "--model", model.Folder, "--json").Result)
            .RootElement.GetProperty("subject").Deserialize<int[]>()!;

        Assert.True(Subject("1").Max() < Subject("2").Min());
    }

    [Fact]
    public void Csv_has_a_row_for_each_kind_token_and_layer()
    {
        using var folder = new TemporaryFolder();

        Trace("--kind", "all", "--out", folder["grid.csv"]);

        string[] lines = File.ReadAllLines(folder["grid.csv"]);
        Assert.Equal("kind,window,position,token,corrupted,layer,probability,indirect_effect", lines[0]);
        Assert.Equal(1 + (3 * 5 * 2), lines.Length);
        Assert.StartsWith("hidden,1,3,\" France\",1,0,", lines[7], StringComparison.Ordinal);
        Assert.All(lines.Skip(1), line => Assert.InRange(double.Parse(line.Split(',')[^2], CultureInfo.InvariantCulture), 0, 1));
    }

    [Fact]
    public void Json_file_holds_what_is_written_without_it()
    {
        using var folder = new TemporaryFolder();

        string written = Trace("--out", folder["grid.json"], "--json").Result;

        Assert.Equal(written, File.ReadAllText(folder["grid.json"]));
    }

    [Theory]
    [InlineData(Tool.Failure, "\"Spain\" is not in \"The capital of France is\".", "--subject", "Spain")]
    [InlineData(Tool.Failure, "\"a\" is 3 times in \"The capital of France is\", at characters 5, 9, 17. Say which one: the first is occurrence 1.", "--subject", "a")]
    [InlineData(Tool.Failure, "The window is the number of layers restored together, at least 1. Actual value was 0.", "--subject", "France", "--window", "0")]
    [InlineData(Tool.Failure, "Samples is the number of corrupted runs, at least 1. Actual value was 0.", "--subject", "France", "--samples", "0")]
    [InlineData(Tool.Failure, "Noise is a number of standard deviations, 0 or more. Actual value was -1.", "--subject", "France", "--noise", "-1")]
    [InlineData(Tool.Failure, "grid.txt: the extension says what is written, and must be one of .png, .svg, .pdf, .csv, .json.", "--subject", "France", "--out", "grid.txt")]
    [InlineData(Tool.Failure, "The answer \"ab\" is 2 tokens (\"a\", \"b\"). Give the first, and mind the space before a word.", "--subject", "France", "--answer", "ab")]
    [InlineData(Tool.UsageError, "Option '--subject' is required. See 'nethook causal-trace --help'.")]
    [InlineData(Tool.UsageError, "Argument 'heads' not recognized. Must be one of: 'hidden' 'mlp' 'attn' 'all' See 'nethook causal-trace --help'.", "--subject", "France", "--kind", "heads")]
    [InlineData(Tool.UsageError, "Cannot parse argument 'many' for option '--samples' as expected type 'System.Int32'. See 'nethook causal-trace --help'.", "--subject", "France", "--samples", "many")]
    public void What_cannot_be_done_is_said(int code, string line, params string[] options) =>
        Assert.Equal(line, ToolRun.Of(["causal-trace", Prompt, "--model", model.Folder, .. options]).Line(code));

    [Fact]
    public void Interrupted_run_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        var run = ToolRun.Of(interruption.Token, "causal-trace", Prompt, "--subject", "France", "--model", model.Folder, "--out", folder["grid.png"]);

        Assert.Equal("Interrupted.", run.Line(Tool.Interrupted));
        Assert.Empty(folder.Files);
    }

    private ToolRun Trace(params string[] options) => ToolRun.Of(["causal-trace", Prompt, "--subject", "France", "--model", model.Folder, .. options]);
}
