using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability.Tests;

/// <summary>What is refused of a model of one's own, and how often it runs.</summary>
public sealed class OwnModelTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly OwnModel _model = OwnModel.Make(TinyVocabulary.Tokenizer.VocabularySize);

    [Fact]
    public void Layout_that_misses_what_is_behind_the_blocks_is_refused_by_the_lens()
    {
        using LanguageModel model = Speak(OwnModel.Layout with { Readout = ["norm", "down", "head"] });

        LayoutException e = Assert.Throws<LayoutException>(() => LogitLens.Run(model, Speaking.Prompt));

        Assert.Equal("Readout", e.Place);
        Assert.Equal(
            "Behind the last block, norm and down and head give other logits than the model: OwnModel does more there. Set Readout to all layers that it runs between the last block and the logits.",
            e.Message);
    }

    [Fact]
    public void Analysis_says_which_place_it_needs()
    {
        using LanguageModel model = Speak(new() { Layers = 3, Embedding = "tokens", BlockPath = "blocks.{0}", Head = "head" });
        var tracer = new CausalTracer(model);

        Assert.Equal(3, tracer.Trace(Speaking.Prompt, Speaking.Subject).Probabilities.Layers);
        Assert.Equal("MlpPath", Assert.Throws<LayoutException>(() => tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Kind = StateKind.Mlp })).Place);
        Assert.Equal("AttentionPath", Assert.Throws<LayoutException>(() => tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Kind = StateKind.Attention })).Place);
        Assert.Equal("MlpProjectionPath", Assert.Throws<LayoutException>(() => KeyStatistics.Collect(model, 0, Editing.Text)).Place);
    }

    [Fact]
    public void Projection_that_is_not_linear_in_its_weight_is_refused()
    {
        using LanguageModel model = Speak(OwnModel.Layout with { MlpProjectionPath = "blocks.{0}.mlp" });

        LayoutException e = Assert.Throws<LayoutException>(() => new RomeEditor(model, new RunningSecondMoment(), Editing.Options));

        Assert.Equal(
            "MlpProjectionPath of the layout leads to 'blocks.0.mlp' (OwnMlp), which is not linear in a parameter 'weight' of [keys, width] or [width, keys]: an edit of ROME changes that parameter. Name the linear layer itself.",
            e.Message);
    }

    [Fact]
    public void Square_weight_is_read_as_the_layer_reads_it()
    {
        using TorchSharp.Modules.Sequential linear = Sequential(("down", Linear(4, 4)));
        TransformerLayout layout = new() { Layers = 1, Embedding = "", BlockPath = "{0}", Head = "", MlpProjectionPath = "down" };

        Assert.False(MlpProjection.Of(linear, layout, 0).KeysFirst);
        using Gpt2 square = Tiny.Model(Tiny.Config with { NInner = Tiny.Config.NEmbd });
        Assert.True(MlpProjection.Of(square, square.Layout, 0).KeysFirst);
    }

    [Fact]
    public void Tokenizer_of_another_vocabulary_is_refused()
    {
        using var small = OwnModel.Make(5);

        Assert.Equal(
            $"The tokenizer gives ids up to {TinyVocabulary.Tokenizer.VocabularySize - 1}, but the model's vocabulary ends at 4: they do not belong together.",
            Assert.Throws<ArgumentException>(() => new LanguageModel(small, TinyVocabulary.Tokenizer, OwnModel.Layout)).Message);
    }

    [Fact]
    public void Model_of_ones_own_has_no_file_format()
    {
        using LanguageModel model = Speak(OwnModel.Layout);

        Assert.Equal(
            "OwnModel is no model of this library, and its settings have no file format. Save its weights with SafetensorsFile.Save.",
            Assert.Throws<InvalidOperationException>(() => model.SavePretrained("nowhere")).Message);
    }

    [Fact]
    public void Generation_ends_where_the_model_reads_no_more()
    {
        using LanguageModel model = Speak(OwnModel.Layout with { MaxTokens = 9 });
        int prompt = model.Tokenizer.Encode(Speaking.Prompt).Count;

        Assert.InRange(model.Continue(model.Tokenizer.Encode(Speaking.Prompt), 20).Count, 0, 9 - prompt);
    }

    [Fact]
    public void Analyses_run_the_model_once_for_each_answer()
    {
        using LanguageModel model = Speaking.Model();
        using var passes = new Trace(model.Model, "");

        model.NextTokens(Speaking.Prompt);
        Assert.Equal(1, passes.CallCount);
        LogitLens.Run(model, Speaking.Prompt);
        Assert.Equal(2, passes.CallCount);

        // The clean and the corrupted runs are one batch; the sweeps begin behind the pass.
        new CausalTracer(model).TraceKinds(Speaking.Prompt, Speaking.Subject, Enum.GetValues<StateKind>());
        Assert.Equal(3, passes.CallCount);
        new ActivationPatcher(model).PatchKinds(Speaking.Prompt, Speaking.Prompt, Enum.GetValues<StateKind>(), new() { CleanAnswer = "a", CounterfactualAnswer = "b" });
        Assert.Equal(5, passes.CallCount);
    }

    [Fact]
    public void Kinds_traced_together_are_those_traced_alone()
    {
        using LanguageModel model = Speak(OwnModel.Layout);
        var tracer = new CausalTracer(model);

        IReadOnlyList<CausalTrace> together = tracer.TraceKinds(Speaking.Prompt, Speaking.Subject, [StateKind.Mlp, StateKind.Hidden], new() { Window = 2 });

        Assert.Equal([StateKind.Mlp, StateKind.Hidden], together.Select(trace => trace.Kind));
        foreach (CausalTrace trace in together)
            Assert.Equal(tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Kind = trace.Kind, Window = 2 }).Probabilities.Values, trace.Probabilities.Values);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private LanguageModel Speak(TransformerLayout layout) => new(_model, TinyVocabulary.Tokenizer, layout);
}
