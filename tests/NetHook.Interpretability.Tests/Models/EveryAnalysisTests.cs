using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Each analysis against a plain loop of whole passes, on each kind of model.</summary>
public sealed class EveryAnalysisTests : IDisposable
{
    private const string Prompt = Speaking.Prompt;
    private const string Counterfactual = "The capital of Spain is";

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, StateKind, int> Sweeps
    {
        get
        {
            TheoryData<string, StateKind, int> data = [];
            foreach (string name in Studied.Names)
            {
                foreach (StateKind kind in Enum.GetValues<StateKind>())
                {
                    data.Add(name, kind, 1);
                    data.Add(name, kind, 2);
                }
            }

            return data;
        }
    }

    public static TheoryData<string> Models => Studied.Names;

    [Theory]
    [MemberData(nameof(Sweeps))]
    public void Causal_trace_is_that_of_a_plain_loop(string name, StateKind kind, int width)
    {
        using LanguageModel model = Studied.Model(name);
        IReadOnlyList<int> tokens = model.Tokenizer.Encode(Prompt);
        Range subject = model.Tokenizer.TokenRange(Prompt, Speaking.Subject);
        using var generator = new Generator(1);
        Tensor noise = randn([3, subject.End.Value - subject.Start.Value, model.Parts.Width], generator: generator);

        CausalTrace trace = new CausalTracer(model).Trace(tokens, subject, noise, new() { Kind = kind, Window = width });
        StateGrid plain = PlainCausalTracing.Run(model.Parts, tokens, subject, noise, trace.Answer, LayerWindow.Of(model.Layout, kind, width));

        Assert.True(trace.Probabilities.Values.Max() - trace.Probabilities.Values.Min() > 1e-4, "the grid is flat");
        Assert.All(trace.Probabilities.Values.Zip(plain.Values), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Theory]
    [MemberData(nameof(Sweeps))]
    public void Patch_is_that_of_a_plain_loop(string name, StateKind kind, int width)
    {
        using LanguageModel model = Studied.Model(name);
        PatchOptions options = new() { Kind = kind, Window = width, CleanAnswer = "a", CounterfactualAnswer = "b", CleanSubject = "France", CounterfactualSubject = "Spain" };

        ActivationPatch patch = new ActivationPatcher(model).Patch(Prompt, Counterfactual, options);

        string[] paths = Paths(model.Layout, kind);
        Dictionary<string, Tensor> clean = Outputs(model, paths, patch.CleanTokenIds);
        for (int t = 0; t < patch.Tokens.Count; t++)
        {
            for (int layer = 0; layer < paths.Length; layer++)
            {
                (int from, int to) = LayerWindow.Of(model.Layout, kind, width).Around(layer);
                PatchedToken token = patch.Tokens[t];
                using var edits = new TraceDict(model.Model, paths[from..to], new()
                {
                    EditOutput = (Tensor output, string layer) =>
                    {
                        Tensor patched = output.clone();
                        patched[0, token.CounterfactualPosition] = clean[layer][0, token.CleanPosition];
                        return patched;
                    },
                });
                Tensor logits = Logits(model, patch.CounterfactualTokenIds)[-1];
                Assert.Equal((logits[patch.CleanAnswerId] - logits[patch.CounterfactualAnswerId]).item<float>(), patch.LogitDifferences[t, layer], 1e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Lens_is_the_model_cut_off_behind_each_block(string name)
    {
        using LanguageModel model = Studied.Model(name);

        var lens = LogitLens.Run(model, Prompt, 3);

        // What enters the last block's successor is what the model reads: a block replaced by what the residual stream was before.
        string[] blocks = Paths(model.Layout, StateKind.Hidden);
        Dictionary<string, Tensor> states = Outputs(model, blocks, lens.TokenIds);
        for (int layer = 0; layer < blocks.Length; layer++)
        {
            Tensor state = states[blocks[layer]];
            using var edit = new Trace(model.Model, blocks[^1], new() { EditOutput = (Tensor _) => state });
            Tensor probabilities = Logits(model, lens.TokenIds).softmax(-1);
            for (int position = 0; position < lens.Tokens.Count; position++)
            {
                foreach (NextToken token in lens[layer + 1, position])
                    Assert.Equal(probabilities[position, token.Id].item<float>(), token.Probability, 1e-5);
                Assert.Equal(probabilities[position].max().item<float>(), lens[layer + 1, position][0].Probability, 1e-5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Key_statistics_are_of_what_enters_the_last_projection(string name)
    {
        using LanguageModel model = Studied.Model(name);

        using RunningSecondMoment statistic = KeyStatistics.Collect(model, 1, Prompt);

        using var trace = new Trace(model.Model, model.Layout.MlpProjection(1), new() { RetainInput = true });
        Logits(model, model.Tokenizer.Encode(Prompt));
        Tensor keys = trace.Input[0].to(ScalarType.Float64);
        Assert.InRange(Parity.Distance(statistic.SecondMoment().to(ScalarType.Float32), (keys.t().matmul(keys) / keys.shape[0]).to(ScalarType.Float32)), 0, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Edit_has_the_mean_key_answered_by_its_value_and_the_model_say_the_target(string name)
    {
        using LanguageModel model = Studied.Model(name);
        using RunningSecondMoment statistic = KeyStatistics.Collect(model, 0, Editing.Text);
        RomeOptions options = Editing.Options with { Prefixes = [""] };
        var editor = new RomeEditor(model, statistic, options);

        using RomeEdit edit = editor.Find(Editing.Easy);

        // The paper's update by a plain formula: W + (v* - Wk)(C⁻¹k)ᵀ / (C⁻¹k)ᵀk answers k by v*, which is the change that was searched for.
        string projection = model.Layout.MlpProjection(0);
        IReadOnlyList<int> ids = model.Tokenizer.Encode(Editing.Easy.Text);
        int last = model.Tokenizer.TokenRange(Editing.Easy.Text, Editing.Easy.Subject).End.Value - 1;
        using var trace = new Trace(model.Model, projection, new() { RetainInput = true });
        double before = Probability(model, ids);
        Tensor key = trace.Input[0, last], value = trace.Output[0, last];
        double changed;
        using (var byHand = new Trace(model.Model, projection, new() { EditOutput = (Tensor output) => Added(output, last, edit.ValueChange) }))
            changed = Probability(model, ids);
        using (edit.ApplyTo(model.Model))
        {
            double after = Probability(model, ids);
            Assert.InRange(Parity.Distance(trace.Input[0, last], key), 0, 1e-6);
            Assert.InRange(Parity.Distance(trace.Output[0, last], value + edit.ValueChange), 0, 1e-3);
            Assert.True(after > before, $"{before} became {after}");
        }

        Assert.Equal(edit.Losses[^1].TargetProbability, changed, 0.05);
        Assert.Equal(projection + ".weight", edit.Parameter);
        Assert.Equal(before, Probability(model, ids));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Edits_are_evaluated_on_a_copy(string name)
    {
        using LanguageModel model = Studied.Model(name);
        using RunningSecondMoment statistic = KeyStatistics.Collect(model, 0, Editing.Text);
        var editor = new RomeEditor(model, statistic, Editing.Options with { Prefixes = [""], Steps = 5 });

        EditReport report = EditEvaluation.Run(model, editor, [new() { Request = Editing.Easy, Neighbours = [new("The isle of Spain")] }]);

        PromptOutcome edited = report.Outcomes[0].Edited;
        Assert.Equal(Probability(model, edited.PromptIds), edited.TargetBefore, 1e-5);
        Assert.NotEqual(edited.TargetBefore, edited.TargetAfter);
    }

    public void Dispose() => _scope.Dispose();

    private static string[] Paths(TransformerLayout layout, StateKind kind) => [.. Enumerable.Range(0, layout.Layers).Select(layer =>
        kind == StateKind.Hidden ? layout.Block(layer) : kind == StateKind.Mlp ? layout.Mlp(layer) : layout.Attention(layer))];

    private static Dictionary<string, Tensor> Outputs(LanguageModel model, string[] paths, IReadOnlyList<int> ids)
    {
        using var traces = new TraceDict(model.Model, paths);
        Logits(model, ids);
        return paths.ToDictionary(path => path, path => traces[path].Output);
    }

    private static Tensor Logits(LanguageModel model, IReadOnlyList<int> ids) => model.Model.call(tensor([.. ids.Select(id => (long)id)], [1, ids.Count]))[0];

    private static double Probability(LanguageModel model, IReadOnlyList<int> ids)
    {
        int target = model.Tokenizer.Encode(Editing.Easy.Target, addSpecialTokens: false)[0];
        return Logits(model, ids)[-1].softmax(-1)[target].item<float>();
    }

    private static Tensor Added(Tensor output, int position, Tensor change)
    {
        Tensor result = output.clone();
        result[0, position] = result[0, position] + change;
        return result;
    }
}
