using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class CausalTraceJobTests : IDisposable
{
    private static readonly StateKind[] AllKinds = [StateKind.Hidden, StateKind.Mlp, StateKind.Attention];

    private static readonly CausalTraceOptions Options = new() { Samples = 3, Seed = 4, Window = 2 };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly IReadOnlyList<FactPrompt> _facts;

    public CausalTraceJobTests() => _facts = Facts(_model);

    public static TheoryData<string> Models => [.. Studied.Names.Select(row => row.Data), "llama"];

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Averages_are_those_of_a_plain_loop(string name)
    {
        using LanguageModel model = Make(name);
        IReadOnlyList<FactPrompt> facts = Facts(model);

        CausalTraceFile file = new CausalTraceJob(model, facts, AllKinds, Options).Run();

        Assert.Equal((facts.Count, facts.Count - 1, 1), (file.Facts.Count, file.Known, file.Unknown));
        foreach (CausalTraceAverage average in file.Averages)
        {
            foreach (TokenRole role in Enum.GetValues<TokenRole>())
            {
                for (int layer = 0; layer < model.Layout.Layers; layer++)
                    AssertClose(Plain(model, [.. facts.Where((_, i) => file.Facts[i].IsKnown)], average.Kind, role, layer), average[role, layer]);
            }
        }

        double[] totals = [.. facts.Where((_, i) => file.Facts[i].IsKnown).Select(fact => Trace(model, fact, StateKind.Hidden).TotalEffect)];
        AssertClose(totals, file.TotalEffect);
    }

    [Fact]
    public void Severed_modules_are_those_of_each_fact()
    {
        CausalTraceFile severed = Job(options: Options with { Sever = StateKind.Mlp }, kinds: [StateKind.Hidden]).Run();
        FactPrompt fact = _facts[0];
        CausalTrace one = new CausalTracer(_model).Trace(fact.Prompt, fact.Subject, Options with { Sever = StateKind.Mlp });

        Assert.Equal(StateKind.Mlp, severed.Sever);
        Assert.Equal(one.Probabilities[one.Tokens.Count - 1, 1], severed.Facts[0].Probabilities![0][(int)TokenRole.Last]![1], 1e-6);
        Assert.Contains(" restored and its MLPs severed:\n", $"{severed}", StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_merged_in_any_order_are_the_undivided_file()
    {
        Job().Run(_folder["whole"]);
        foreach (int number in (int[])[1, 2, 3])
            Job(shard: new(number, 3)).Run(_folder[$"{number}"]);

        var some = CausalTraceFile.Merge([_folder["3"], _folder["1"]]);
        some.SaveNew(_folder["some"]);
        CausalTraceFile.Merge([_folder["some"], _folder["2"]]).SaveNew(_folder["merged"]);

        Assert.Equal([new Shard(2, 3)], some.Missing);
        Assert.True(some.IsComplete && some.IsOf(_model));
        Assert.Equal(File.ReadAllBytes(_folder["whole"]), File.ReadAllBytes(_folder["merged"]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Interrupted_work_goes_on_at_the_next_fact(int facts)
    {
        Job().Run(_folder["whole"]);
        CausalTraceInterruptedException e = Interrupt(facts);
        var before = CausalTraceFile.Load(_folder["out"]);
        using var passes = new Trace(_model.Model, "transformer.wte");

        CausalTraceFile after = Job().Run(_folder["out"]);

        Assert.Equal((_folder["out"], facts, 5), (e.Path, e.Facts, e.AllFacts));
        Assert.Equal((facts, false), (before.Facts.Count, before.IsComplete));
        Assert.True(after.IsComplete);
        Assert.Equal(File.ReadAllBytes(_folder["whole"]), File.ReadAllBytes(_folder["out"]));

        // One pass for each fact: the restored runs begin behind the embeddings.
        Assert.Equal(5 - facts, passes.CallCount);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.1)]
    [InlineData(0.7)]
    public void Work_that_was_killed_while_it_wrote_goes_on(double share)
    {
        Job().Run(_folder["whole"]);
        byte[] whole = File.ReadAllBytes(_folder["whole"]);
        File.WriteAllBytes(_folder["out"], whole[..(int)(share * whole.Length)]);

        Job().Run(_folder["out"]);

        Assert.Equal(whole, File.ReadAllBytes(_folder["out"]));
    }

    [Fact]
    public void Complete_work_is_not_done_again()
    {
        Job().Run(_folder["out"]);
        using var passes = new Trace(_model.Model, "transformer.h.0");

        CausalTraceFile again = Job().Run(_folder["out"]);

        Assert.Equal(0, passes.CallCount);
        Assert.Equal(5, again.Facts.Count);
    }

    [Fact]
    public void File_of_other_work_is_refused_and_left()
    {
        Job(shard: new(1, 2)).Run(_folder["out"]);
        byte[] before = File.ReadAllBytes(_folder["out"]);
        string Refusal(Func<CausalTraceJob> job)
        {
            CausalTraceJobException e = Assert.Throws<CausalTraceJobException>(() => job().Run(_folder["out"]));
            Assert.Equal(_folder["out"], e.File);
            return e.Message.Replace(_folder["out"], "FILE", StringComparison.Ordinal);
        }

        Assert.Equal("FILE holds part 1/2 of the facts, and part 2/2 is asked for. Choose another file, or remove it.", Refusal(() => Job(shard: new(2, 2))));
        Assert.Equal(
            "FILE holds traces with other kinds of states, windows, noise, samples, seed or severed modules. Choose another file, or remove it.",
            Refusal(() => Job(options: Options with { Seed = 5 }, shard: new(1, 2))));
        Assert.Equal("FILE holds traces of other facts. Choose another file, or remove it.", Refusal(() => new(_model, [.. _facts.Skip(1)], AllKinds, Options, new(1, 2))));
        using (no_grad())
            _model.Model.GetParameter("transformer.wpe.weight").mul_(2);
        Assert.Equal("FILE holds traces of another model. Choose another file, or remove it.", Refusal(() => Job(shard: new(1, 2))));
        Assert.Equal(before, File.ReadAllBytes(_folder["out"]));
    }

    [Fact]
    public void File_is_one_run_s_alone()
    {
        string? refused = null;
        Job().Run(_folder["out"], new Once(() => refused = Assert.Throws<CausalTraceJobException>(() => Job().Run(_folder["out"])).Message));

        Assert.StartsWith($"{_folder["out"]} cannot be opened: ", refused, StringComparison.Ordinal);
        Assert.EndsWith(" Each run needs a file of its own.", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Merging_refuses_what_would_count_twice_or_not_at_all()
    {
        Job(shard: new(1, 2)).Run(_folder["1"]);
        Job(shard: new(3, 4)).Run(_folder["3"]);
        Job(shard: new(2, 2), options: Options with { Samples = 2 }).Run(_folder["other"]);
        Interrupt(2);
        string Refusal(params string[] names) =>
            Assert.Throws<CausalTraceJobException>(() => CausalTraceFile.Merge([.. names.Select(name => _folder[name])])).Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

        Assert.Equal("3 holds part 3/4 of the facts, of which the files before it hold some: they would count twice.", Refusal("1", "3"));
        Assert.Equal("1 holds part 1/2 of the facts, of which the files before it hold some: they would count twice.", Refusal("1", "1"));
        Assert.Equal("other holds traces with other kinds of states, windows, noise, samples, seed or severed modules than the files before it.", Refusal("1", "other"));
        Assert.Equal("out is not complete: it holds 2 facts of part 1/1 of 5. The job that began it goes on from there.", Refusal("out"));
        Assert.Equal("1 is there already. Choose another file, or remove it.", Assert.Throws<CausalTraceJobException>(
            () => CausalTraceFile.Load(_folder["3"]).SaveNew(_folder["1"])).Message.Replace(_folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        Job().Run(_folder["out"]);
        string[] lines = File.ReadAllLines(_folder["out"]);
        string Refusal(params string[] damaged)
        {
            File.WriteAllText(_folder["damaged"], string.Concat(damaged.Select(line => line + "\n")));
            string load = Assert.Throws<CheckpointException>(() => CausalTraceFile.Load(_folder["damaged"])).Message;
            Assert.Equal(load, Assert.Throws<CheckpointException>(() => Job().Run(_folder["damaged"])).Message);
            return load.Replace(_folder["damaged"], "FILE", StringComparison.Ordinal);
        }

        Assert.Equal("FILE: It was not written by a job that traces facts: its first line does not say so.", Refusal("a text"));
        Assert.Equal("FILE: It was not written by a job that traces facts: its first line does not say so.", Refusal("{}"));
        Assert.Equal("FILE: Line 2 is no trace of a fact of this work.", Refusal(lines[0], "x", lines[1]));
        Assert.Equal("FILE: Line 3 is no trace of a fact of this work.", Refusal(lines[0], lines[1], lines[2].Replace("\"fact\":2", "\"fact\":6", StringComparison.Ordinal)));
        Assert.Equal("FILE: Line 3 is no trace of a fact of this work.", Refusal(lines[0], lines[1], "{\"fact\":2,\"known\":true}"));
        Assert.Equal("FILE: Line 3 is a trace of fact 1, of which there is one before.", Refusal(lines[0], lines[1], lines[1]));
    }

    [Theory]
    [InlineData("The capital of Spain is", "Spain", "ab", "The answer \" ab\" is 3 tokens (\" \", \"a\", \"b\"). Give the first, and mind the space before a word.")]
    [InlineData("The capital of Spain is", "France", null, "\"France\" is not in \"The capital of Spain is\".")]
    [InlineData("The capital of France is Paris. The capital of Germany is Berlin. don't they'll I've 1234", "don't", null, "The input has 29 tokens, this model reads at most 24 (n_positions): shorten it.")]
    public void Bad_fact_is_named_before_anything_runs(string prompt, string subject, string? answer, string problem)
    {
        using var passes = new Trace(_model.Model, "transformer.wte");
        FactPrompt bad = new(prompt, subject, answer);

        FactException listed = Assert.Throws<FactException>(() => new CausalTraceJob(_model, [.. _facts, bad], AllKinds));
        FactException read = Assert.Throws<FactException>(() => new CausalTraceJob(_model, [bad with { File = "facts.tsv", Line = 7 }], AllKinds));

        Assert.Equal($"Fact 6: {problem}", listed.Message);
        Assert.Equal(($"facts.tsv, line 7: {problem}", "facts.tsv", 7), (read.Message, read.File, read.Line));
        Assert.Equal(0, passes.CallCount);
    }

    [Fact]
    public void Work_that_makes_no_sense_is_refused()
    {
        Assert.Equal("There are no facts. Give at least one.", Assert.Throws<CausalTraceJobException>(() => new CausalTraceJob(_model, [], AllKinds)).Message);
        Assert.Equal("There are 5 facts, not enough for 6 parts.", Assert.Throws<CausalTraceJobException>(() => Job(shard: new(1, 6))).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Job(shard: new(3, 2)));
        Assert.Throws<ArgumentException>(() => Job(kinds: []));
        Assert.Throws<ArgumentException>(() => Job(kinds: [StateKind.Mlp, StateKind.Mlp]));
        Assert.Throws<ArgumentException>(() => Job(options: new() { AnswerText = "x" }));
        Assert.Throws<OptionException>(() => Job(options: new() { Samples = 0 }));
        Assert.Throws<OptionException>(() => Job(options: new() { Window = 0 }));
        Assert.Throws<OptionException>(() => Job(options: new() { Sever = StateKind.Mlp }));
    }

    [Fact]
    public void Failure_at_the_first_fact_leaves_no_file_and_later_ones_keep_what_was_done()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Job().Run(_folder["out"], new Once(source.Cancel), source.Token));
        Assert.False(File.Exists(_folder["out"]));
        using (no_grad())
            _model.Model.GetParameter("transformer.h.0.mlp.c_fc.weight").view(-1).narrow(0, 5, 1).fill_(float.NaN);

        Assert.Equal("transformer.h.0.mlp.c_fc", Assert.Throws<NonFiniteException>(() => Job().Run(_folder["out"])).Layer);

        Assert.False(File.Exists(_folder["out"]));
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        Reports reports = [];

        Job().Run(progress: reports);

        Assert.Equal(reports.Order().Distinct(), reports.Distinct());
        Assert.Equal(1, reports[^1]);
        Assert.Empty(_model.Model.ActiveTraces());
    }

    /// <summary>Facts whose subjects are one, two and many tokens, at the beginning, inside and at the end; the model does not know the second.</summary>
    private static IReadOnlyList<FactPrompt> Facts(LanguageModel model) =>
    [
        new("The capital of France is", "France"),
        new("The capital of {} is", "Germany", model.Tokenizer.TokenText(Unlikely(model))),
        new("The capital of Germany is", "Germany"),
        new("naïve café is", "naïve café"),
        new("The capital of France", "France"),
    ];

    private static int Unlikely(LanguageModel model)
    {
        int predicted = (int)Speaking.Logits(model, "The capital of Germany is").argmax().item<long>();
        return model.Tokenizer.Encode(" is").Single() is var id && id != predicted ? id : model.Tokenizer.Encode(" of").Single();
    }

    private static LanguageModel Make(string name)
    {
        if (name != "llama")
            return Studied.Model(name);
        using var record = new FamilyRecord(name);
        return new(DecoderModel.FromPretrained(record.Folder), TinyVocabulary.Tokenizer);
    }

    private static CausalTrace Trace(LanguageModel model, FactPrompt fact, StateKind kind) =>
        new CausalTracer(model).Trace(fact.Prompt.Replace("{}", fact.Subject, StringComparison.Ordinal), fact.Subject, Options with { Kind = kind });

    /// <summary>What each fact counts with, by the words of the paper's figure.</summary>
    private static double[] Plain(LanguageModel model, IReadOnlyList<FactPrompt> facts, StateKind kind, TokenRole role, int layer)
    {
        List<double> values = [];
        foreach (FactPrompt fact in facts)
        {
            CausalTrace trace = Trace(model, fact, kind);
            (int start, int length) = trace.Subject.GetOffsetAndLength(trace.Tokens.Count);
            int behind = start + length, last = trace.Tokens.Count - 1;
            List<double> own = [];
            for (int token = 0; token <= last; token++)
            {
                bool counts = role switch
                {
                    TokenRole.FirstSubject => token == start,
                    TokenRole.MiddleSubject => token > start && token < behind - 1,
                    TokenRole.LastSubject => token == behind - 1,
                    TokenRole.FirstSubsequent => token == behind,
                    TokenRole.Further => token > behind && token < last,
                    _ => token == last,
                };
                if (counts)
                    own.Add(trace.IndirectEffects()[token, layer]);
            }

            if (own.Count > 0)
                values.Add(own.Sum() / own.Count);
        }

        return [.. values];
    }

    private static void AssertClose(double[] expected, MeanEstimate actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        if (expected.Length == 0)
        {
            Assert.True(double.IsNaN(actual.Mean) && double.IsNaN(actual.Interval));
            return;
        }

        double mean = expected.Sum() / expected.Length;
        double deviation = Math.Sqrt(expected.Sum(value => Math.Pow(value - mean, 2)) / (expected.Length - 1));
        Assert.Equal(mean, actual.Mean, 1e-9);
        Assert.Equal(expected.Length > 1 ? 1.96 * deviation / Math.Sqrt(expected.Length) : double.NaN, actual.Interval, 1e-9);
    }

    private CausalTraceJob Job(IReadOnlyList<StateKind>? kinds = null, CausalTraceOptions? options = null, Shard? shard = null) =>
        new(_model, _facts, kinds ?? AllKinds, options ?? Options, shard);

    private CausalTraceInterruptedException Interrupt(int facts)
    {
        using var cancellation = new CancellationTokenSource();
        return Assert.Throws<CausalTraceInterruptedException>(() => Job().Run(_folder["out"], new Until(facts / 5.0, cancellation.Cancel), cancellation.Token));
    }

    private sealed class Until(double share, Action report) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value >= share)
                report();
        }
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
