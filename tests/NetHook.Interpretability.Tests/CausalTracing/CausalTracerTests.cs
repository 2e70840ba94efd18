using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class CausalTracerTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly CausalTracer _tracer;

    public CausalTracerTests() => _tracer = new(_model);

    [Theory]
    [InlineData(StateKind.Hidden, 1)]
    [InlineData(StateKind.Hidden, 2)]
    [InlineData(StateKind.Hidden, 5)]
    [InlineData(StateKind.Mlp, 1)]
    [InlineData(StateKind.Mlp, 2)]
    [InlineData(StateKind.Attention, 1)]
    [InlineData(StateKind.Attention, 3)]
    public void Batches_give_what_the_plain_loop_gives(StateKind kind, int window)
    {
        int[] tokens = [.. Speaking.Tokenizer.Encode(Speaking.Prompt)];
        Range subject = Speaking.Tokenizer.TokenRange(Speaking.Prompt, Speaking.Subject);
        using var generator = new Generator(1);
        Tensor noise = randn([4, subject.End.Value - subject.Start.Value, Speaking.Config.NEmbd], generator: generator);

        CausalTrace trace = _tracer.Trace(tokens, subject, noise, new() { Kind = kind, Window = window });
        StateGrid plain = PlainCausalTracing.Run(_model.Parts, tokens, subject, noise, trace.Answer, LayerWindow.Of(_model.Layout, kind, window));

        Assert.True(trace.Probabilities.Values.Max() - trace.Probabilities.Values.Min() > 0.01, "the grid is flat");
        Assert.All(trace.Probabilities.Values.Zip(plain.Values), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Fact]
    public void Restoring_the_last_token_behind_the_last_layer_gives_the_clean_probability()
    {
        CausalTrace trace = _tracer.Trace(Speaking.Prompt, Speaking.Subject);

        Assert.NotEqual(trace.CleanProbability, trace.CorruptedProbability, 1e-3);
        Assert.Equal(trace.CleanProbability, trace.Probabilities[trace.Tokens.Count - 1, Speaking.Config.NLayer - 1], 1e-5);
        Assert.Equal(trace.TotalEffect, trace.IndirectEffects()[trace.Tokens.Count - 1, Speaking.Config.NLayer - 1], 1e-5);
    }

    [Fact]
    public void Result_says_what_was_traced()
    {
        CausalTrace trace = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Kind = StateKind.Mlp, Window = 2, Samples = 3 });

        Assert.Equal(Speaking.Prompt, string.Concat(trace.Tokens));
        Assert.Equal(Speaking.Tokenizer.Encode(Speaking.Prompt), trace.TokenIds);
        Assert.Equal("France", string.Concat(trace.Tokens.Take(trace.Subject)));
        Assert.Equal((StateKind.Mlp, 2, 3), (trace.Kind, trace.Window, trace.Samples));
        Tensor probabilities = Speaking.Logits(_model, Speaking.Prompt).softmax(-1);
        Assert.Equal((int)probabilities.argmax().item<long>(), trace.Answer);
        Assert.Equal(Speaking.Tokenizer.TokenText(trace.Answer), trace.AnswerText);
        Assert.Equal(probabilities.max().item<float>(), trace.CleanProbability, 1e-5);
    }

    [Fact]
    public void Answer_may_be_another_token()
    {
        CausalTrace trace = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Answer = 7 });

        Assert.Equal(7, trace.Answer);
        Assert.Equal(Speaking.Logits(_model, Speaking.Prompt).softmax(-1)[7].item<float>(), trace.CleanProbability, 1e-6);
    }

    [Fact]
    public void Same_seed_gives_the_same_numbers_whatever_else_is_drawn()
    {
        CausalTrace first = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Seed = 5 });
        rand(3).Dispose();
        CausalTrace again = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Seed = 5 });
        CausalTrace other = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Seed = 6 });

        Assert.Equal(first.Probabilities.Values, again.Probabilities.Values);
        Assert.NotEqual(first.CorruptedProbability, other.CorruptedProbability);
    }

    [Fact]
    public void No_noise_leaves_the_clean_run()
    {
        CausalTrace trace = _tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Noise = 0 });

        Assert.All(trace.Probabilities.Values, value => Assert.Equal(trace.CleanProbability, value, 1e-5));
    }

    [Fact]
    public void Noise_is_in_standard_deviations_of_the_embeddings()
    {
        using LanguageModel silent = Speaking.Model();
        using (no_grad())
            silent.Model.GetParameter("transformer.wte.weight").mul_(0);

        CausalTrace trace = new CausalTracer(silent).Trace(Speaking.Prompt, Speaking.Subject, new() { Noise = 1e6 });

        Assert.Equal(trace.CleanProbability, trace.CorruptedProbability, 1e-6);
    }

    [Theory]
    [InlineData(12, 3)]
    [InlineData(24, 5)]
    [InlineData(48, 10)]
    [InlineData(2, 1)]
    public void Window_of_mlp_and_attention_is_the_papers_share_of_the_layers(int layers, int window)
    {
        using Gpt2 model = Tiny.Model(Tiny.Config with { NLayer = layers });

        Assert.Equal(window, LayerWindow.Of(model.Layout, StateKind.Mlp, null).Width);
        Assert.Equal(window, LayerWindow.Of(model.Layout, StateKind.Attention, null).Width);
        Assert.Equal(1, LayerWindow.Of(model.Layout, StateKind.Hidden, null).Width);
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        Reports reports = [];

        _tracer.Trace(Speaking.Prompt, Speaking.Subject, progress: reports);

        Assert.Equal(reports.Order().Distinct(), reports);
        Assert.Equal(1, reports[^1]);
    }

    [Fact]
    public void Cancelling_ends_it_and_leaves_the_model_as_it_was()
    {
        using var source = new CancellationTokenSource();
        var progress = new Cancelling(source);
        Tensor before = Speaking.Logits(_model, Speaking.Prompt);

        Assert.Throws<OperationCanceledException>(() => _tracer.Trace(Speaking.Prompt, Speaking.Subject, progress: progress, cancellation: source.Token));

        Assert.Empty(_model.Model.ActiveTraces());
        Assert.Equal(0, Parity.Distance(Speaking.Logits(_model, Speaking.Prompt), before));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }
}
