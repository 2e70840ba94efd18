using System.Text.Json;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

public sealed class StatsCommandTests : IDisposable
{
    private const string Layer = "transformer.h.0.mlp";

    private readonly TemporaryFolder _folder = new();
    private readonly SmallModel _model;
    private readonly string _text;

    public StatsCommandTests(SmallModel model)
    {
        _model = model;
        _text = _folder["text.txt"];
        File.WriteAllText(_text, string.Concat(Enumerable.Range(0, 600).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. ")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Statistics_are_those_of_every_token()
    {
        string text = Stats("--layers", Layer).Result;

        using var library = LanguageModel.FromPretrained(_model.Folder);
        using var statistics = LayerStatistics.Load(_folder["out.safetensors"]);
        using RunningVariance expected = Expected(library, Layer);
        RunningVariance variance = Assert.IsType<RunningVariance>(statistics[Layer]);
        Assert.Equal(library.Tokenizer.Encode(File.ReadAllText(_text)).Count, variance.Count);
        Assert.True(variance.Mean().allclose(expected.Mean()));
        Assert.True(variance.Variance().allclose(expected.Variance()));
        Approved.Check("stats", text.Replace(_folder.Path, "FOLDER", StringComparison.Ordinal));
    }

    [Fact]
    public void Several_statistics_of_several_layers_share_a_file()
    {
        Stats("--layers", "**.mlp", "-l", "lm_head", "--statistic", "mean", "--statistic", "quantiles:64", "--statistic", "histogram:-2:2:8", "--statistic", "top-k:3");

        using var statistics = LayerStatistics.Load(_folder["out.safetensors"]);
        Assert.Equal(["transformer.h.0.mlp", "transformer.h.1.mlp", "lm_head"], statistics.Keys);
        CombinedStatistic combined = Assert.IsType<CombinedStatistic>(statistics["lm_head"]);
        Assert.Equal(["mean", "quantiles", "histogram", "top-k"], combined.Parts.Keys);
        Assert.Equal((64, 8, 3), (combined.Part<RunningQuantiles>("quantiles").Resolution, combined.Part<RunningHistogram>("histogram").Bins, combined.Part<RunningTopK>("top-k").K));
    }

    [Theory]
    [InlineData("mean", typeof(RunningMean))]
    [InlineData("variance", typeof(RunningVariance))]
    [InlineData("covariance", typeof(RunningCovariance))]
    [InlineData("second-moment", typeof(RunningSecondMoment))]
    [InlineData("quantiles", typeof(RunningQuantiles))]
    [InlineData("histogram:0:1", typeof(RunningHistogram))]
    [InlineData("top-k", typeof(RunningTopK))]
    public void Every_statistic_has_its_name(string name, Type type)
    {
        using RunningStatistic statistic = StatisticKind.Make([name]);

        Assert.Equal(type, statistic.GetType());
        Assert.Equal(name.Split(':')[0], StatisticKind.Of(statistic)?.Name);
    }

    [Fact]
    public void Parts_merged_equal_the_whole()
    {
        Stats("--layers", Layer);
        foreach (int part in (int[])[1, 2, 3])
            StatsTo($"part-{part}", "--layers", Layer, "--shard", $"{part}/3");

        string text = Merge("merged", "part-1", "part-2", "part-3").Result;

        using LayerStatistics whole = LayerStatistics.Load(_folder["out.safetensors"]), merged = LayerStatistics.Load(_folder["merged"]);
        (RunningVariance expected, RunningVariance actual) = ((RunningVariance)whole[Layer], (RunningVariance)merged[Layer]);
        Assert.Equal(expected.Count, actual.Count);
        Assert.True(actual.Mean().allclose(expected.Mean()));
        Assert.True(actual.Variance().allclose(expected.Variance()));
        Approved.Check("stats-merge", text.Replace(_folder.Path, "FOLDER", StringComparison.Ordinal));
    }

    [Fact]
    public void Merge_says_which_parts_are_missing()
    {
        foreach (int part in (int[])[1, 4])
            StatsTo($"part-{part}", "--layers", Layer, "--shard", $"{part}/4");

        Assert.EndsWith(" Still missing: 2/4, 3/4.\n", Merge("merged", "part-1", "part-4").Result, StringComparison.Ordinal);

        JsonElement json = JsonDocument.Parse(ToolRun.Of("stats", "merge", _folder["part-1"], _folder["part-4"], "--out", _folder["again"], "--json").Result).RootElement;
        Assert.Equal(["1/4", "4/4"], json.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("part").GetString()));
        Assert.Equal(Count("again"), json.GetProperty("parts").EnumerateArray().Sum(part => part.GetProperty("tokens").GetInt64()));
        Assert.Equal(["2/4", "3/4"], json.GetProperty("missing").Deserialize<string[]>()!);
        Assert.Equal(_folder["again"], json.GetProperty("saved").GetString());
    }

    [Fact]
    public void Parts_of_different_divisions_merged_equal_the_whole()
    {
        Stats("--layers", Layer);
        foreach (string part in (string[])["1/2", "2/4", "4/4"])
            StatsTo(part.Replace('/', '-'), "--layers", Layer, "--shard", part);

        Assert.EndsWith(" Still missing: 4/4.\n", Merge("most", "1-2", "2-4").Result, StringComparison.Ordinal);
        Assert.EndsWith(", from 3 files.\n", Merge("all", "1-2", "2-4", "4-4").Result, StringComparison.Ordinal);

        Assert.Equal(Count("out.safetensors"), Count("all"));
    }

    // As the help says.
    [Fact]
    public void Samples_of_merged_parts_can_be_found_in_the_text()
    {
        const int length = 24;
        foreach (int part in (int[])[1, 2, 3])
            StatsTo($"part-{part}", "--layers", Layer, "--statistic", "top-k:4", "--shard", $"{part}/3");
        JsonElement json = JsonDocument.Parse(ToolRun.Of("stats", "merge", _folder["part-2"], _folder["part-3"], _folder["part-1"], "--out", _folder["merged"], "--json").Result).RootElement;
        (string Part, int Tokens)[] parts = [.. json.GetProperty("parts").EnumerateArray().Select(part => (part.GetProperty("part").GetString()!, part.GetProperty("tokens").GetInt32()))];

        using var library = LanguageModel.FromPretrained(_model.Folder);
        using var statistics = LayerStatistics.Load(_folder["merged"]);
        var top = (RunningTopK)statistics[Layer];
        float[][] activations = Activations(library, Layer);
        for (int feature = 0; feature < top.Features; feature++)
        {
            long[] samples = [.. top.Indices()[feature].data<long>()];
            double[] values = [.. top.Values()[feature].data<double>()];
            Close.Equal(values, samples.Select(sample => (double)activations[Token(sample)][feature]));
        }

        int Token(long sample)
        {
            int s = (int)sample, at = 0;
            while (s >= parts[at].Tokens)
                s -= parts[at++].Tokens;
            int[] shard = [.. parts[at].Part.Split('/').Select(int.Parse)];
            return (((s / length * shard[1]) + shard[0] - 1) * length) + (s % length);
        }
    }

    [Fact]
    public void Interrupted_work_goes_on_where_it_stopped()
    {
        Stats("--layers", Layer);
        Interrupt(afterBatches: 2);
        long before = Count("interrupted");

        string text = StatsTo("interrupted", "--layers", Layer).Result;

        using LayerStatistics whole = LayerStatistics.Load(_folder["out.safetensors"]), resumed = LayerStatistics.Load(_folder["interrupted"]);
        Assert.True(before > 0 && before < whole[Layer].Count);
        Assert.Equal(whole[Layer].Count, resumed[Layer].Count);
        Assert.True(((RunningVariance)resumed[Layer]).Variance().allclose(((RunningVariance)whole[Layer]).Variance()));
        Assert.EndsWith("\nSaved to FOLDER/interrupted.\n".Replace("FOLDER/", _folder.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal), text, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_work_is_not_done_again()
    {
        Stats("--layers", Layer);
        byte[] before = File.ReadAllBytes(_folder["out.safetensors"]);

        Assert.EndsWith("out.safetensors is complete already.\n", Stats("--layers", Layer).Result, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder["out.safetensors"]));
    }

    [Fact]
    public void File_of_other_work_is_not_overwritten()
    {
        Stats("--layers", Layer);
        byte[] before = File.ReadAllBytes(_folder["out.safetensors"]);

        Assert.Equal("OUT holds other statistics. Choose another file, or remove it. (Statistics of transformer.h.0.mlp cannot be merged into those of lm_head: the layers differ. Nothing was added.)", Refusal("--layers", "lm_head"));
        Assert.Equal("OUT holds other statistics. Choose another file, or remove it. (RunningVariance of layer 'transformer.h.0.mlp' cannot be merged into RunningMean: they are of different types. Nothing was added.)", Refusal("--layers", Layer, "--statistic", "mean"));
        Assert.Equal("OUT holds statistics of another text or part of it. Choose another file, or remove it.", Refusal("--layers", Layer, "--shard", "1/2"));
        File.AppendAllText(_text, "more");
        Assert.Equal("OUT holds statistics of another text or part of it. Choose another file, or remove it.", Refusal("--layers", Layer));
        Assert.Equal(before, File.ReadAllBytes(_folder["out.safetensors"]));

        string Refusal(params string[] options) => Stats(options).Line(Tool.Failure).Replace(_folder["out.safetensors"], "OUT", StringComparison.Ordinal);
    }

    [Fact]
    public void Work_that_is_interrupted_before_its_first_batch_leaves_no_file()
    {
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        Assert.Equal("Interrupted.", ToolRun.Of(interruption.Token, "stats", _text, "--model", _model.Folder, "--layers", Layer, "--out", _folder["out"]).Line(Tool.Interrupted));
        Assert.Equal(["text.txt"], _folder.Files);
    }

    [Fact]
    public void Merge_refuses_what_would_count_twice_or_not_at_all()
    {
        StatsTo("part-1", "--layers", Layer, "--shard", "1/2");
        StatsTo("part-3", "--layers", Layer, "--shard", "3/4");
        StatsTo("head", "--layers", "lm_head", "--shard", "2/2");
        Interrupt(afterBatches: 1);
        SafetensorsFile.Save(_folder["other"], new Dictionary<string, Tensor> { ["a"] = ones(1) });

        Assert.Equal("FOLDER/part-1 holds part 1/2 of a text, of which the files before it hold part 1/2: it would count twice.", Refusal("part-1", "part-1"));
        Assert.Equal("FOLDER/part-3 holds part 3/4 of a text, of which the files before it hold part 1/2: some of it would count twice.", Refusal("part-1", "part-3"));
        Assert.Equal("FOLDER/part-1 holds part 1/2 of a text, of which the files before it hold part 3/4: some of it would count twice.", Refusal("part-3", "part-1"));
        Assert.Equal("Statistics of lm_head cannot be merged into those of transformer.h.0.mlp: the layers differ. Nothing was added.", Refusal("part-1", "head"));
        Assert.Equal("FOLDER/interrupted is not complete: 1 batch, 0 % of the work. The job that began it goes on from there.", Refusal("interrupted"));
        Assert.Equal("FOLDER/other: It holds no running statistic: its metadata has no entry 'statistic:'.", Refusal("other"));
        Assert.Equal("FOLDER/missing: It cannot be read: Could not find file 'FOLDER/missing'.", Refusal("missing"));
        Assert.False(File.Exists(_folder["merged"]));

        string Refusal(params string[] files) => Merge("merged", files).Line(Tool.Failure)
            .Replace(_folder.Path + Path.DirectorySeparatorChar, "FOLDER/", StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_does_not_overwrite()
    {
        StatsTo("part-1", "--layers", Layer, "--shard", "1/2");
        StatsTo("part-2", "--layers", Layer, "--shard", "2/2");
        byte[] before = File.ReadAllBytes(_folder["part-2"]);

        Assert.Equal($"{_folder["part-2"]} is there already. Choose another file, or remove it.", Merge("part-2", "part-1", "part-2").Line(Tool.Failure));
        Assert.Equal(before, File.ReadAllBytes(_folder["part-2"]));
    }

    [Theory]
    [InlineData("There is no statistic 'median'; there are mean, variance, covariance, second-moment, quantiles, histogram, top-k.", "--statistic", "median")]
    [InlineData("'histogram:1' is not histogram:LOW:HIGH[:BINS].", "--statistic", "histogram:1")]
    [InlineData("'mean:1' is not mean.", "--statistic", "mean:1")]
    [InlineData("'x' in 'histogram:x:1' is no number.", "--statistic", "histogram:x:1")]
    [InlineData("'2.7' in 'top-k:2.7' is no whole number.", "--statistic", "top-k:2.7")]
    [InlineData("'1e10' in 'top-k:1e10' is no whole number.", "--statistic", "top-k:1e10")]
    [InlineData("'nan' in 'quantiles:nan' is no whole number.", "--statistic", "quantiles:nan")]
    [InlineData("'64.5' in 'quantiles:64.5' is no whole number.", "--statistic", "quantiles:64.5")]
    [InlineData("'8.5' in 'histogram:-2.5:2.5:8.5' is no whole number.", "--statistic", "histogram:-2.5:2.5:8.5")]
    [InlineData("The statistic mean is asked for twice.", "--statistic", "mean", "--statistic", "mean")]
    [InlineData("--shard 3/2 is none of i/n (i from 1 to n), auto and auto/n.", "--shard", "3/2")]
    public void What_cannot_be_done_is_said(string line, params string[] options) =>
        Assert.Equal(line, Stats(["--layers", Layer, .. options]).Line(Tool.Failure));

    [Fact]
    public void Text_that_cannot_be_used_is_an_error()
    {
        File.WriteAllBytes(_text, [0xff, 0xfe, 0x00]);
        Assert.Equal("TEXT: It is not UTF-8.", Refusal());
        File.WriteAllText(_text, "short");
        Assert.Equal("TEXT: The text is 1 piece of up to 24 tokens, not enough for 2 parts.", Refusal("--shard", "1/2"));
        File.WriteAllText(_text, "");
        Assert.Equal("TEXT: The text is 0 pieces of up to 24 tokens, not enough for 1 part.", Refusal());
        File.Delete(_text);
        Assert.Equal("TEXT: It cannot be read: Could not find file 'TEXT'.", Refusal());

        string Refusal(params string[] options) => Stats(["--layers", Layer, .. options]).Line(Tool.Failure).Replace(_text, "TEXT", StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_the_documented_names()
    {
        JsonElement json = JsonDocument.Parse(Stats("--layers", Layer, "--json").Result).RootElement;

        Assert.Equal(["parts", "missing", "layers", "saved"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["layer", "statistic", "samples", "features"], json.GetProperty("layers")[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(8, json.GetProperty("layers")[0].GetProperty("features").GetInt32());
    }

    /// <summary>The statistic of one piece after another, by a trace of its own.</summary>
    private RunningVariance Expected(LanguageModel library, string layer)
    {
        var expected = new RunningVariance();
        using IDisposable _ = no_grad();
        using var trace = new Trace(library.Model, layer, new() { Detach = true });
        foreach (int[] piece in library.Tokenizer.Encode(File.ReadAllText(_text)).Chunk(24))
        {
            library.Model.call(tensor([.. piece.Select(id => (long)id)], [1, piece.Length]));
            expected.Add(trace);
        }

        return expected;
    }

    /// <summary>Does the first batches and is interrupted.</summary>
    private void Interrupt(int afterBatches)
    {
        using var library = LanguageModel.FromPretrained(_model.Folder);
        using var interruption = new CancellationTokenSource();
        int reports = 0;

        // The first report comes before the first batch.
        Assert.Throws<StatisticsInterruptedException>(() => new StatisticsJob(library, Corpus.File(_text), [Layer], _ => new RunningVariance()).Run(
            _folder["interrupted"],
            new Reports(() =>
            {
                if (reports++ == afterBatches)
                    interruption.Cancel();
            }),
            interruption.Token));
    }

    /// <summary>What a layer gives for each token of the text.</summary>
    private float[][] Activations(LanguageModel library, string layer)
    {
        using IDisposable _ = no_grad();
        using var trace = new Trace(library.Model, layer, new() { Detach = true });
        List<float[]> activations = [];
        foreach (int[] piece in library.Tokenizer.Encode(File.ReadAllText(_text)).Chunk(24))
        {
            library.Model.call(tensor([.. piece.Select(id => (long)id)], [1, piece.Length]));
            activations.AddRange(trace.Output[0].unbind().Select(token => token.data<float>().ToArray()));
        }

        return [.. activations];
    }

    private long Count(string name)
    {
        using var statistics = LayerStatistics.Load(_folder[name]);
        return statistics[Layer].Count;
    }

    private ToolRun Stats(params string[] options) => StatsTo("out.safetensors", options);

    private ToolRun StatsTo(string name, params string[] options) => ToolRun.Of(["stats", _text, "--model", _model.Folder, "--out", _folder[name], .. options]);

    private ToolRun Merge(string name, params string[] files) => ToolRun.Of(["stats", "merge", .. files.Select(file => _folder[file]), "--out", _folder[name]]);
}
