using System.Globalization;
using System.Text;
using System.Text.Json;
using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary><c>nethook causal-trace --facts</c> and <c>merge</c>.</summary>
public sealed class CausalTraceFactsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallModel _model;

    public CausalTraceFactsTests(SmallModel model)
    {
        _model = model;
        File.WriteAllText(_folder["facts.tsv"], "prompt\tsubject\tanswer\nThe capital of {} is\tFrance\t\nThe France is\tFrance\t\nThe capital of France is\tcapital of\t\nThe capital of France is\tFrance\tof\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Averages_come_by_the_role_of_the_token() => Approved.Check("causal-trace-facts", Trace("--kind", "all", "--noise", "0.5", "--samples", "1").Result);

    [Fact]
    public void Severed_modules_are_named() => Approved.Check("causal-trace-facts-severed", Trace("--sever", "mlp", "--noise", "0.5", "--samples", "1").Result);

    [Fact]
    public void Json_has_the_numbers_of_the_library()
    {
        using var library = LanguageModel.FromPretrained(_model.Folder);
        CausalTraceFile file = new CausalTraceJob(library, FactPrompt.Read(_folder["facts.tsv"]), [StateKind.Mlp], new() { Window = 2, Noise = 1.5, Samples = 3, Seed = 7, Sever = StateKind.Attention }).Run();

        JsonElement json = JsonDocument.Parse(Trace("--kind", "mlp", "--window", "2", "--noise", "1.5", "--samples", "3", "--seed", "7", "--sever", "attn", "--json").Result).RootElement;

        Assert.Equal(
            ["parts", "missing", "facts", "known", "cleanProbability", "corruptedProbability", "totalEffect", "noise", "samples", "seed", "sever", "averages", "traces", "saved"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal((4, file.Known, "attn"), (json.GetProperty("facts").GetInt32(), json.GetProperty("known").GetInt32(), json.GetProperty("sever").GetString()));
        Close.Equal(file.TotalEffect.Mean, json.GetProperty("totalEffect").GetProperty("mean").GetDouble());
        Close.Equal(file.TotalEffect.Interval, json.GetProperty("totalEffect").GetProperty("interval").GetDouble());
        JsonElement average = json.GetProperty("averages")[0], last = average.GetProperty("roles")[5];
        Assert.Equal(("mlp", 2), (average.GetProperty("kind").GetString(), average.GetProperty("window").GetInt32()));
        Assert.Equal(("last", file.Known), (last.GetProperty("role").GetString(), last.GetProperty("facts").GetInt32()));
        Close.Equal(Enumerable.Range(0, 2).Select(layer => file.Averages[0][TokenRole.Last, layer].Mean), last.GetProperty("means").Deserialize<double[]>()!);
        Close.Equal(Enumerable.Range(0, 2).Select(layer => file.Averages[0][TokenRole.Last, layer].Interval), last.GetProperty("intervals").Deserialize<double[]>()!);
    }

    [Fact]
    public void Csv_has_a_row_for_each_kind_role_and_layer()
    {
        Trace("--kind", "all", "--out", _folder["grid.csv"]);

        string[] lines = File.ReadAllLines(_folder["grid.csv"]);
        Assert.Equal("kind,window,role,facts,layer,indirect_effect,interval", lines[0]);
        Assert.Equal(1 + (3 * 6 * 2), lines.Length);
        Assert.StartsWith("hidden,1,first-subject,3,0,", lines[1], StringComparison.Ordinal);
        Assert.Equal("hidden,1,middle-subject,0,0,,", lines[3]);
        Assert.True(double.TryParse(lines[1].Split(',')[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double interval) && interval > 0);
    }

    [Theory]
    [InlineData("pdf", "%PDF-")]
    [InlineData("png", "PNG")]
    [InlineData("svg", "<?xml")]
    public void Figure_is_drawn_and_traces_are_kept_beside_it(string ending, string begin)
    {
        string text = Trace("--kind", "all", "--out", _folder[$"fig.{ending}"]).Result;

        Assert.Contains(begin, Encoding.Latin1.GetString(File.ReadAllBytes(_folder[$"fig.{ending}"]).AsSpan(0, 8)), StringComparison.Ordinal);
        Assert.EndsWith($"\nTraces saved to {_folder["fig.traces.jsonl"]}.\nSaved to {_folder[$"fig.{ending}"]}.\n", text, StringComparison.Ordinal);
        Assert.True(CausalTraceFile.Load(_folder["fig.traces.jsonl"]).IsComplete);
    }

    [Fact]
    public void Pdf_of_one_prompt_is_drawn_too()
    {
        ToolRun.Of("causal-trace", "The capital of France is", "--subject", "France", "--model", _model.Folder, "--out", _folder["grid.pdf"]);

        Assert.StartsWith("%PDF-", File.ReadAllText(_folder["grid.pdf"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_merged_are_the_undivided_run()
    {
        string whole = Trace("--traces", _folder["whole.jsonl"]).Result;
        Trace("--shard", "1/2", "--traces", _folder["1.jsonl"]);
        string some = ToolRun.Of("causal-trace", "merge", _folder["1.jsonl"]).Result;
        Trace("--shard", "2/2", "--traces", _folder["2.jsonl"]);

        string merged = ToolRun.Of("causal-trace", "merge", _folder["2.jsonl"], _folder["1.jsonl"], "--traces", _folder["merged.jsonl"], "--out", _folder["fig.png"]).Result;

        Assert.Equal(File.ReadAllBytes(_folder["whole.jsonl"]), File.ReadAllBytes(_folder["merged.jsonl"]));
        Assert.Equal(whole[..whole.IndexOf("Traces", StringComparison.Ordinal)], merged[..merged.IndexOf("Traces", StringComparison.Ordinal)]);
        Assert.StartsWith("2 facts: ", some, StringComparison.Ordinal);
        Assert.Equal(
            $"{_folder["merged.jsonl"]} is there already. Choose another file, or remove it.",
            ToolRun.Of("causal-trace", "merge", _folder["1.jsonl"], "--traces", _folder["merged.jsonl"]).Line(Tool.Failure));
    }

    [Fact]
    public void Missing_parts_of_merged_traces_are_named()
    {
        Trace("--shard", "1/4", "--traces", _folder["1.jsonl"]);
        Trace("--shard", "3/4", "--traces", _folder["3.jsonl"]);

        Assert.EndsWith(
            $"\nTraces saved to {_folder["some.jsonl"]}. Still missing: 2/4, 4/4.\n",
            ToolRun.Of("causal-trace", "merge", _folder["1.jsonl"], _folder["3.jsonl"], "--traces", _folder["some.jsonl"]).Result, StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupted_run_says_what_is_kept()
    {
        File.AppendAllText(_folder["facts.tsv"], string.Concat(Enumerable.Repeat("The capital of {} is\tFrance\t\n", 200)));
        using var interruption = new CancellationTokenSource();

        // The model is read, and the second fact is at work.
        int passes = 0;
        var run = ToolRun.Of(
            ["causal-trace", "--facts", _folder["facts.tsv"], "--model", _model.Folder, "--traces", _folder["t.jsonl"]],
            model => _ = new Trace(model.Model, "transformer.wte", new() { EditOutput = Pass, RetainOutput = false }), "", interruption.Token);

        Assert.Equal($"Interrupted. 1 of 204 facts is saved in {_folder["t.jsonl"]}: the same command goes on from there.", run.Line(Tool.Interrupted));

        Tensor? Pass()
        {
            if (++passes == 2)
                interruption.Cancel();
            return null;
        }
    }

    [Theory]
    [InlineData(Tool.UsageError, "A prompt is missing, or --facts. See 'nethook causal-trace --help'.")]
    [InlineData(Tool.UsageError, "Option '--subject' is required. See 'nethook causal-trace --help'.", "x")]
    [InlineData(Tool.UsageError, "There is a prompt beside --facts, which has prompts of its own. Give one of them. See 'nethook causal-trace --help'.", "x", "--facts", "f.tsv")]
    [InlineData(Tool.UsageError, "--subject does not go with --facts: each fact has its own. See 'nethook causal-trace --help'.", "--facts", "f.tsv", "--subject", "x")]
    [InlineData(Tool.UsageError, "--occurrence does not go with --facts: each fact has its own. See 'nethook causal-trace --help'.", "--facts", "f.tsv", "--occurrence", "1")]
    [InlineData(Tool.UsageError, "--answer does not go with --facts: each fact has its own. See 'nethook causal-trace --help'.", "--facts", "f.tsv", "--answer", "x")]
    [InlineData(Tool.UsageError, "--shard goes with --facts alone. See 'nethook causal-trace --help'.", "x", "--subject", "x", "--shard", "1/2")]
    [InlineData(Tool.UsageError, "--traces goes with --facts alone. See 'nethook causal-trace --help'.", "x", "--subject", "x", "--traces", "t")]
    [InlineData(Tool.Failure, "f.csv: Facts are read from .tsv and .jsonl files, and the ending is '.CSV'.", "--facts", "f.csv")]
    [InlineData(
        Tool.Failure, "What is severed stays as in the corrupted run, and cannot be restored. Restore another kind of states, such as Hidden. Actual value was Mlp.",
        "The capital of France is", "--subject", "France", "--kind", "all", "--sever", "mlp")]
    public void What_cannot_be_done_is_said(int code, string line, params string[] arguments) =>
        Assert.Equal(line, ToolRun.Of(["causal-trace", .. arguments]).Line(code));

    [Fact]
    public void Bad_fact_is_named_by_its_line()
    {
        File.AppendAllText(_folder["facts.tsv"], "The capital of {} is\tFrance\tParis Rome\n");

        Assert.StartsWith($"{_folder["facts.tsv"]}, line 6: The answer \" Paris Rome\" is ", Trace().Line(Tool.Failure), StringComparison.Ordinal);
    }

    [Fact]
    public void Facts_that_the_model_does_not_know_leave_nothing_to_draw()
    {
        File.WriteAllText(_folder["facts.tsv"], "prompt\tsubject\tanswer\nThe capital of {} is\tFrance\tof\n");

        Assert.Equal("1 fact: 0 known to the model and averaged, 1 left out.\n", Trace().Result);
        Assert.Equal(
            $"The model knows none of these facts: there is nothing to draw in {_folder["fig.pdf"]}.",
            Trace("--out", _folder["fig.pdf"]).Line(Tool.Failure));
    }

    private ToolRun Trace(params string[] options) => ToolRun.Of(["causal-trace", "--facts", _folder["facts.tsv"], "--model", _model.Folder, .. options]);
}
