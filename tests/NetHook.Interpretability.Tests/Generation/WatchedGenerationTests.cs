using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Traces and edits of generations: steps, parts, rows, flows.</summary>
public sealed class WatchedGenerationTests : IDisposable
{
    private const string Layer = "transformer.h.1";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Gpt2 _model = Tiny.Model(Speaking.Config);

    [Fact]
    public void A_step_of_a_generation_is_one_expression()
    {
        using var trace = new Trace(_model, Layer, new() { History = CallHistory.All });
        int[] text = [1, 2, 3, .. _model.Generate([1, 2, 3], 6)];
        IReadOnlyList<TracedCall> calls = trace.Calls;
        using var whole = new Trace(_model, Layer);
        _model.call(tensor(text.Select(id => (long)id).ToArray(), [1, text.Length]));

        Tensor third = trace.AtStep(3).Output;

        Assert.True(third.allclose(whole.Output.narrow(1, 5, 1), 1e-5, 1e-5));
        Assert.Equal([0, 1, 2, 3, 4, 5], calls.Select(call => call.Step!.Value));
        Assert.Equal([0..3, 3..4, 4..5, 5..6, 6..7, 7..8], calls.Select(call => call.Positions!.Value));
    }

    [Fact]
    public void Without_a_cache_each_step_computes_all()
    {
        using var trace = new Trace(_model, Layer, new() { History = CallHistory.All });
        _model.Generate([1, 2, 3], 3, new() { Cache = false });

        Assert.Equal([0..3, 0..4, 0..5], trace.Calls.Select(call => call.Positions!.Value));
        Assert.Equal([3L, 4, 5], trace.Calls.Select(call => call.Output.shape[1]));
    }

    [Fact]
    public void A_pass_inside_of_an_edit_is_no_step()
    {
        using Gpt2 other = Tiny.Model();
        using var inner = new Trace(other, "transformer.h.0", new() { EditOutput = Interventions.Zero().On(TokenPart.NewTokens) });
        using var edit = new Trace(_model, "transformer.h.0", new() { EditOutput = RunOther, RetainOutput = false });
        using var outer = new Trace(_model, Layer, new() { History = CallHistory.All });
        Tensor? RunOther()
        {
            other.call(Tiny.Tokens);
            other.Logits(TokenBatch.Of([[1, 2], [3]]));
            return null;
        }

        _model.Generate([1, 2, 3], 3);

        Assert.Null(inner.Calls[0].Step);
        Assert.Equal([0, 1, 2], outer.Calls.Select(call => call.Step!.Value));
    }

    [Fact]
    public void Steps_of_a_model_of_ones_own_compute_all()
    {
        using var model = new LanguageModel(OwnModel.Make(Speaking.Tokenizer.VocabularySize), Speaking.Tokenizer, OwnModel.Layout);
        string[] prompts = ["The capital of France is", "The"];
        GenerationOptions options = new() { StopTokens = [] };
        Tensor direction = linspace(-2, 2, OwnModel.Width);
        using (var trace = new Trace(model.Model, "blocks.1", new() { History = CallHistory.All }))
        {
            IReadOnlyList<string> together = model.Generate(prompts, 4, options);
            int length = model.Batch(prompts).Length;
            Assert.Equal(Enumerable.Range(0, 4).Select(step => ..(length + step)), trace.Calls.Select(call => call.Positions!.Value));
            Assert.Equal(prompts.Select(prompt => model.Generate(prompt, 4, options)), together);
        }

        using var steer = new Trace(model.Model, "blocks.1", new() { EditOutput = Interventions.Add(direction).On(TokenPart.NewTokens), RetainOutput = false });
        IReadOnlyList<string> steered = model.Generate(prompts, 4, options);
        Assert.Equal(prompts.Select(prompt => model.Generate(prompt, 4, options)), steered);
    }

    [Fact]
    public void Steps_that_are_not_kept_are_named()
    {
        using var trace = new Trace(_model, Layer, new() { History = CallHistory.LastOf(3) });
        Assert.Equal(
            "No call of layer 'transformer.h.1' (Gpt2Block) at step 0 is kept. No call that is kept was made by a generation. The last token that was generated is not run, since nothing follows it.",
            Assert.Throws<InvalidOperationException>(() => trace.AtStep(0)).Message);
        _model.Generate([1, 2, 3], 6);
        Assert.Equal(
            "No call of layer 'transformer.h.1' (Gpt2Block) at step 6 is kept. Kept are those of steps 3 to 5 (History keeps the last 3 calls). The last token that was generated is not run, since nothing follows it.",
            Assert.Throws<InvalidOperationException>(() => trace.AtStep(6)).Message);
        _model.call(tensor([1L], [1, 1]));
        Assert.Equal((null, null), (trace.Calls[^1].Step, trace.Calls[^1].Positions));
    }

    [Theory]
    [InlineData(TokenPart.All)]
    [InlineData(TokenPart.Prompt)]
    [InlineData(TokenPart.NewTokens)]
    public void An_intervention_acts_on_the_part_that_it_says(TokenPart part)
    {
        Tensor direction = linspace(-3, 3, 12);
        int[][] rows = [[1, 2, 3], [4], [5, 6, 7, 8, 9]];
        foreach (bool cache in new[] { true, false })
        {
            GenerationOptions options = new() { Cache = cache };
            using var steer = new Trace(_model, "transformer.h.0", new() { EditOutput = Interventions.Add(direction).On(part), RetainOutput = false });
            IReadOnlyList<IReadOnlyList<int>> together = _model.Generate(TokenBatch.Of(rows), 6, options);
            for (int row = 0; row < rows.Length; row++)
                Assert.Equal(Plain(rows[row], part, direction, steer), together[row]);
        }
    }

    [Fact]
    public void Outside_of_a_generation_all_tokens_are_the_prompts()
    {
        Tensor ids = tensor([1L, 2, 3], [1, 3]), plain = _model.call(ids);
        using (new Trace(_model, Layer, new() { EditOutput = Interventions.Zero().On(TokenPart.NewTokens) }))
            Assert.Equal(plain.bytes.ToArray(), _model.call(ids).bytes.ToArray());
        using (new Trace(_model, Layer, new() { EditOutput = Interventions.Zero().On(TokenPart.Prompt) }))
            Assert.False(plain.allclose(_model.call(ids)));
    }

    [Fact]
    public void Places_inside_of_an_attention_take_parts_too()
    {
        foreach (string place in new[] { "queries", "keys", "values", "scores", "head_outputs" })
        {
            using var edit = new Trace(_model, $"transformer.h.0.attn.{place}", new() { EditOutput = Interventions.Scale(3).On(TokenPart.NewTokens), RetainOutput = false });
            Assert.Equal(_model.Generate([1, 2, 3], 8, new() { Cache = false }), _model.Generate([1, 2, 3], 8));
        }
    }

    [Fact]
    public void An_activation_without_the_tokens_is_refused()
    {
        using var edit = new Trace(_model, Layer, new() { EditOutput = (Tensor output) => Interventions.Zero().On(TokenPart.NewTokens)(output[0], "x")[0] });
        Assert.Contains("On at layer 'x'", Assert.Throws<InvalidOperationException>(() => _model.Generate([1, 2, 3], 2)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Interventions.Zero().On((TokenPart)5));
    }

    [Fact]
    public void Rows_are_edited_by_number_to_the_end()
    {
        int[][] rows = [[1, 2, 3], [4], [1, 2, 3]];
        Tensor direction = linspace(-3, 3, 12);
        IReadOnlyList<int>[] plain = [.. rows.Select(row => _model.Generate(row, 8))];
        IReadOnlyList<int> steered;
        using (new Trace(_model, Layer, new() { EditOutput = Interventions.Add(direction) }))
            steered = _model.Generate(rows[2], 8);
        using var edit = new Trace(_model, Layer, new() { EditOutput = Interventions.Add(direction).At(Slice.Rows(2)) });

        // Row 1 ends first.
        int stop = plain[1][1];
        IReadOnlyList<IReadOnlyList<int>> together = _model.Generate(TokenBatch.Of(rows), 8, new() { StopTokens = [stop] });

        Assert.Equal(new[] { plain[0], plain[1], steered }.Select(row => row.TakeWhile(id => id != stop)), together);
        Assert.NotEqual(plain[2], steered);
    }

    [Fact]
    public async Task A_steered_and_a_plain_generation_run_at_once()
    {
        using var model = new LanguageModel(Tiny.Model(Speaking.Config), Speaking.Tokenizer);
        Tensor direction = linspace(-3, 3, 12);
        GenerationOptions options = new() { StopTokens = [] };
        string plain = model.Generate(Speaking.Prompt, 10, options), steered;
        using (new Trace(model.Model, Layer, new() { EditOutput = Interventions.Add(direction) }))
            steered = model.Generate(Speaking.Prompt, 10, options);
        Assert.NotEqual(plain, steered);

        async Task<string> Say(bool steers)
        {
            using Trace? trace = steers ? new Trace(model.Model, Layer, new() { EditOutput = Interventions.Add(direction), Scope = TraceScope.CurrentFlow }) : null;
            string text = "";
            await foreach (GeneratedToken token in model.GenerateStream(Speaking.Prompt, 10, options))
                text += token.Text;
            return text;
        }

        string[] texts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Say(i % 2 == 0))));

        Assert.Equal(Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? steered : plain), texts);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    /// <summary>A generation written out: one pass over the whole text for each token, the part's columns edited.</summary>
    private List<int> Plain(int[] prompt, TokenPart part, Tensor direction, Trace steer)
    {
        Assert.True(steer.Options.EditOutput is Intervention);
        using Gpt2 other = Tiny.Model(Speaking.Config);
        List<int> ids = [.. prompt];
        while (ids.Count < prompt.Length + 6)
        {
            Range range = part switch { TokenPart.Prompt => ..prompt.Length, TokenPart.NewTokens => prompt.Length.., _ => .. };
            using var edit = new Trace(other, "transformer.h.0", new() { EditOutput = Interventions.Add(direction).At(Slice.Tokens(range)) });
            ids.Add((int)other.call(tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count]))[0, -1].argmax().item<long>());
        }

        return ids[prompt.Length..];
    }
}
