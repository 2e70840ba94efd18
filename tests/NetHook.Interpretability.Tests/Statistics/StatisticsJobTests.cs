using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class StatisticsJobTests : IDisposable
{
    private const string Layer = "transformer.h.1.mlp";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly string _text = string.Concat(Enumerable.Range(0, 900).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. "));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void Statistics_are_those_of_every_token()
    {
        using StatisticsFile file = Job().Run();

        AssertSame(Expected(_model, [], 24), file);
        Assert.True(file.IsComplete);
        Assert.Equal([Shard.Whole], file.Parts.Select(part => part.Shard));
        Assert.Equal(file.Statistics[Layer].Count, file.Parts.Sum(part => part.Tokens));
    }

    [Fact]
    public void Each_piece_begins_as_the_model_was_trained_to_see_a_text()
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, "llama2"));
        using var model = new LanguageModel(Tiny.Model(Speaking.Config with { VocabSize = tokenizer.LargestId + 1 }), tokenizer);
        int[] begin = [.. tokenizer.Encode("")];
        Assert.Single(begin);

        using StatisticsFile file = Job(model).Run();

        AssertSame(Expected(model, begin, 23), file);
    }

    [Fact]
    public void Shards_merged_equal_the_whole()
    {
        foreach (int number in (int[])[1, 2, 3])
            Job(shard: new(number, 3)).Run(_folder[$"{number}"]).Dispose();

        using var merged = StatisticsFile.Merge([_folder["1"], _folder["2"], _folder["3"]]);

        AssertSame(Expected(_model, [], 24), merged);
        Assert.Empty(merged.Missing);
        Assert.True(merged.IsOf(_model) && merged.IsOf(Corpus.Text(_text)) && !merged.IsOf(Corpus.Text("x")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Interrupted_work_goes_on_where_it_stopped(int batches)
    {
        using var passes = new Trace(_model.Model, "transformer.wte");
        using (StatisticsFile whole = Job().Run())
            Assert.True(whole.Batches > batches + 1);
        long all = passes.CallCount;

        StatisticsInterruptedException e = Interrupt(Job(), batches);
        using StatisticsFile resumed = Job().Run(_folder["out"]);

        Assert.Equal((batches, _folder["out"]), (e.Batches, e.Path));
        Assert.InRange(e.Share, 0, 0.99);
        Assert.Equal(all - batches, resumed.BatchesRead);
        Assert.Equal(2 * all, passes.CallCount);
        AssertSame(Expected(_model, [], 24), resumed);
    }

    [Fact]
    public void Interrupted_shard_goes_on_where_it_stopped()
    {
        Interrupt(Job(shard: new(2, 2)), 1);
        Job(shard: new(2, 2)).Run(_folder["out"]).Dispose();
        Job(shard: new(1, 2)).Run(_folder["other"]).Dispose();

        using var merged = StatisticsFile.Merge([_folder["other"], _folder["out"]]);

        AssertSame(Expected(_model, [], 24), merged);
    }

    [Fact]
    public void Complete_work_is_not_done_again()
    {
        Job().Run(_folder["out"]).Dispose();
        byte[] before = File.ReadAllBytes(_folder["out"]);

        using StatisticsFile again = Job().Run(_folder["out"]);

        Assert.Equal(0, again.BatchesRead);
        Assert.Equal(before, File.ReadAllBytes(_folder["out"]));
    }

    [Fact]
    public void File_of_other_work_is_refused()
    {
        Job(shard: new(1, 2)).Run(_folder["out"]).Dispose();
        byte[] before = File.ReadAllBytes(_folder["out"]);

        StatisticsJobException e = Assert.Throws<StatisticsJobException>(() => Job(shard: new(2, 2)).Run(_folder["out"]));

        Assert.Equal((_folder["out"], $"{_folder["out"]} holds statistics of another text or part of it. Choose another file, or remove it."), (e.File, e.Message));
        Assert.Equal(before, File.ReadAllBytes(_folder["out"]));
    }

    [Fact]
    public void File_is_claimed_from_the_start()
    {
        string? refused = null;
        Job(shard: new(1, 2)).Run(_folder["out"], new Once(() =>
            refused = Assert.Throws<StatisticsJobException>(() => Job(shard: new(2, 2)).Run(_folder["out"])).Message)).Dispose();

        Assert.Equal($"{_folder["out"]} holds statistics of another text or part of it. Choose another file, or remove it.", refused);
    }

    [Fact]
    public void Work_that_finds_its_file_taken_later_leaves_both()
    {
        Job(shard: new(2, 2)).Run(_folder["other"]).Dispose();

        StatisticsJobException e = Assert.Throws<StatisticsJobException>(() =>
            Job(shard: new(1, 2)).Run(_folder["out"], new Once(() => File.Copy(_folder["other"], _folder["out"], overwrite: true))));

        Assert.StartsWith($"Another run saved in {_folder["out"]} meanwhile, and that is left there. What was read here is in {_folder["out"]}.1-of-2: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("batches, 100 % of the work. Each run needs a file of its own.", e.Message, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder["other"]), File.ReadAllBytes(_folder["out"]));
    }

    [Fact]
    public void Cancelled_before_its_first_batch_it_leaves_no_file()
    {
        using var cancellation = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => Job().Run(_folder["out"], new Once(cancellation.Cancel), cancellation.Token));

        Assert.False(File.Exists(_folder["out"]));
    }

    [Fact]
    public void What_cannot_be_divided_or_counted_is_refused()
    {
        Assert.Equal(
            "The text: The text is 1 piece of up to 24 tokens, not enough for 2 parts.",
            Assert.Throws<StatisticsJobException>(() => new StatisticsJob(_model, Corpus.Text("short"), [Layer], _ => new RunningMean(), new(1, 2)).Run(_folder["out"])).Message);
        Assert.False(File.Exists(_folder["out"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Job(shard: new(0, 2)));
        Assert.Throws<PromptException>(() => Corpus.Text("half \ud83d"));
        File.WriteAllBytes(_folder["latin"], [0x41, 0xE9, 0x41]);
        Assert.Equal($"{_folder["latin"]}: It is not UTF-8.", Assert.Throws<CheckpointException>(() => Corpus.File(_folder["latin"])).Message);
        using (no_grad())
            _model.Model.GetParameter("transformer.h.0.mlp.c_fc.weight").view(-1).narrow(0, 5, 1).fill_(float.NaN);
        Assert.Equal("transformer.h.0.mlp.c_fc", Assert.Throws<NonFiniteException>(() => Job().Run(_folder["out"])).Layer);
        Assert.Equal("transformer.h.0.mlp.c_fc", Assert.Throws<NonFiniteException>(() => KeyStatistics.Collect(_model, 1, _text)).Layer);
        Assert.False(File.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("position", "9999999 0 0", "The text: The text is another than the one that was read before.")]
    [InlineData("position", "x", "FILE: Its note 'position' is malformed: x.")]
    [InlineData("complete", "maybe", "FILE: Its note 'complete' is neither yes nor no: maybe.")]
    [InlineData("done", "-1", "FILE: Its note 'done' is no number, or too large: -1.")]
    [InlineData("piece", "99999999999999", "FILE: Its note 'piece' is no number, or too large: 99999999999999.")]
    public void Notes_that_say_nothing_sound_are_refused(string note, string text, string message)
    {
        Interrupt(Job(), 1);
        using (var statistics = LayerStatistics.Load(_folder["out"]))
        {
            statistics.Notes[note] = text;
            statistics.Save(_folder["out"]);
        }

        Exception e = Assert.ThrowsAny<Exception>(() => Job().Run(_folder["out"]));

        Assert.True(e is CheckpointException or StatisticsJobException);
        Assert.Equal(message.Replace("FILE", _folder["out"], StringComparison.Ordinal), e.Message);
    }

    private StatisticsJob Job(LanguageModel? model = null, Shard? shard = null) => new(model ?? _model, Corpus.Text(_text), [Layer], _ => new RunningVariance(), shard);

    private StatisticsInterruptedException Interrupt(StatisticsJob job, int batches)
    {
        using var cancellation = new CancellationTokenSource();
        int reports = 0;

        // The first report comes before the first batch.
        return Assert.Throws<StatisticsInterruptedException>(() => job.Run(_folder["out"], new Each(() =>
        {
            if (reports++ == batches)
                cancellation.Cancel();
        }), cancellation.Token));
    }

    /// <summary>The statistic of one piece after another, by a trace of its own.</summary>
    private RunningVariance Expected(LanguageModel model, int[] begin, int length)
    {
        var expected = new RunningVariance();
        using IDisposable _ = no_grad();
        using var trace = new Trace(model.Model, Layer, new() { Detach = true });
        foreach (int[] piece in model.Tokenizer.Encode(_text, addSpecialTokens: false).Chunk(length))
        {
            long[] ids = [.. begin.Concat(piece).Select(id => (long)id)];
            model.Model.call(tensor(ids, [1, ids.Length]));
            expected.Add(trace);
        }

        return expected;
    }

    private static void AssertSame(RunningVariance expected, StatisticsFile file)
    {
        var found = (RunningVariance)file.Statistics[Layer];
        Assert.Equal(expected.Count, found.Count);
        Assert.True(found.Mean().allclose(expected.Mean()));
        Assert.True(found.Variance().allclose(expected.Variance()));
    }

    private sealed class Each(Action report) : IProgress<double>
    {
        public void Report(double value) => report();
    }

    private sealed class Once(Action report) : IProgress<double>
    {
        private bool _done;

        public void Report(double value)
        {
            if (_done)
                return;
            _done = true;
            report();
        }
    }
}
