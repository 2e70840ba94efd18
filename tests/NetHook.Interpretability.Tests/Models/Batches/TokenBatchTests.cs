using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class TokenBatchTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Padding_on_the_left_lets_rows_end_together()
    {
        var batch = TokenBatch.Of([[5, 6, 7], [8]]);

        Assert.Equal((2, 3, PaddingSide.Left, true), (batch.Count, batch.Length, batch.Side, batch.HasPadding));
        Assert.Equal([5, 6, 7, 0, 0, 8], batch.Ids.data<long>());
        Assert.Equal([true, true, true, false, false, true], batch.Mask.data<bool>());
        Assert.Equal([0, 1, 2, 0, 0, 0], batch.Positions.data<long>());
        Assert.Equal([0..3, 2..3], [batch.RowRange(0), batch.RowRange(1)]);
    }

    [Fact]
    public void Padding_on_the_right_lets_rows_begin_together()
    {
        var batch = TokenBatch.Of([[5], [6, 7, 8]], PaddingSide.Right);

        Assert.Equal([5, 0, 0, 6, 7, 8], batch.Ids.data<long>());
        Assert.Equal([true, false, false, true, true, true], batch.Mask.data<bool>());
        Assert.Equal([0, 0, 0, 0, 1, 2], batch.Positions.data<long>());
        Assert.Equal([0..1, 0..3], [batch.RowRange(0), batch.RowRange(1)]);
    }

    [Theory]
    [InlineData(PaddingSide.Left)]
    [InlineData(PaddingSide.Right)]
    public void Rows_of_an_activation_are_read_without_padding(PaddingSide side)
    {
        var batch = TokenBatch.Of([[5, 6], [7, 8, 9]], side);
        Tensor ids = batch.Ids.unsqueeze(-1);

        Assert.Equal([5, 6], batch.Row(ids, 0).data<long>());
        Assert.Equal([5, 6, 7, 8, 9], batch.WithoutPadding(ids).data<long>());
        Assert.Throws<ArgumentException>(() => batch.Row(ids.narrow(1, 0, 2), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.RowRange(2));
    }

    [Fact]
    public void Rows_that_cannot_run_are_refused_by_number()
    {
        Assert.Contains("no rows", Assert.Throws<ArgumentException>(() => TokenBatch.Of([])).Message);
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => TokenBatch.Of([[1], []])).Message);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => TokenBatch.Of([null!])).Message);
        Assert.Contains("-3 of row 1", Assert.Throws<ArgumentException>(() => TokenBatch.Of([[1], [2, -3]])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenBatch.Of([[1]], (PaddingSide)7));
    }

    [Fact]
    public void Rows_that_a_model_cannot_read_are_refused()
    {
        using Gpt2 model = Tiny.Model();

        Assert.Contains("at most 8", Assert.Throws<ArgumentException>(() => model.Logits(TokenBatch.Of([[1], [1, 2, 3, 4, 5, 6, 7, 8, 9]]))).Message);
        Assert.Contains("11 is outside", Assert.Throws<ArgumentException>(() => model.Logits(TokenBatch.Of([[1], [11]]))).Message);
        Assert.Equal([2, 8, 11], model.Logits(TokenBatch.Of([[1], [1, 2, 3, 4, 5, 6, 7, 8]])).shape);
    }

    [Fact]
    public void A_pass_that_throws_leaves_nothing_behind()
    {
        using Gpt2 model = Tiny.Model();
        Tensor ids = tensor([1L, 2, 0, 3], [2, 2]), expected = model.call(ids);
        using (new Trace(model, "transformer.h.1", new() { EditOutput = Tensor (Tensor _) => throw new InvalidOperationException("no") }))
            Assert.Throws<InvalidOperationException>(() => model.Logits(TokenBatch.Of([[1, 2], [3]])));

        Assert.Equal(expected.bytes.ToArray(), model.call(ids).bytes.ToArray());
    }

    [Fact]
    public void An_edit_that_runs_passes_of_its_own_leaves_the_one_around_it_alone()
    {
        using Gpt2 model = Tiny.Model(), other = Tiny.Model();
        var batch = TokenBatch.Of([[1, 2], [3]]);
        Tensor ids = batch.Ids, alone = other.call(ids), expected = model.Logits(batch);
        List<Tensor> inside = [];
        Tensor? RunOthers(Tensor output)
        {
            inside.AddRange([model.ForwardFrom(1, output).DetachFromDisposeScope(), other.call(ids).DetachFromDisposeScope()]);
            return null;
        }

        using var edit = new Trace(model, "transformer.h.0", new() { EditOutput = RunOthers, RetainOutput = false });
        using var first = new Trace(model, "", new() { EditInput = (Tensor input) => inside.Count == 0 && other.call(ids) is null ? input : input, RetainOutput = false });

        Assert.True(expected.allclose(model.Logits(batch), 1e-6, 1e-6));
        Assert.True(inside[1].allclose(alone, 1e-6, 1e-6));
        Assert.False(inside[0].allclose(expected, 1e-3, 1e-3));
        inside.ForEach(tensor => tensor.Dispose());
    }

    [Fact]
    public void Batches_may_run_on_several_threads_at_once()
    {
        using Gpt2 model = Tiny.Model();
        TokenBatch[] batches = [TokenBatch.Of([[1, 2], [3]]), TokenBatch.Of([[3], [1, 2]], PaddingSide.Right), TokenBatch.Of([[4, 5], [6, 7]])];
        Tensor[] expected = [.. batches.Select(model.Logits)];

        Parallel.For(0, 200, i =>
        {
            using DisposeScope inner = NewDisposeScope();
            Assert.True(model.Logits(batches[i % 3]).allclose(expected[i % 3], 1e-5, 1e-6));
        });
    }

    [Fact]
    public void Prompts_become_a_batch()
    {
        using LanguageModel model = Speaking.Model();
        string[] prompts = ["The capital of France is", "The"];

        TokenBatch batch = model.Batch(prompts);

        Assert.Equal(prompts.Select(prompt => model.Tokenizer.Encode(prompt)), batch.Rows);
        Assert.Contains("Prompt 1", Assert.Throws<ArgumentException>(() => model.Batch(["a", ""])).Message);
        Assert.Contains("Prompt 1", Assert.Throws<ArgumentException>(() => model.Batch(["a", "\ud800"])).Message);
        Assert.Contains("no rows", Assert.Throws<ArgumentException>(() => model.Batch([])).Message);
    }

    [Fact]
    public void A_model_of_ones_own_takes_rows_padded_on_the_right()
    {
        using var model = new LanguageModel(OwnModel.Make(Speaking.Tokenizer.VocabularySize), Speaking.Tokenizer, OwnModel.Layout);
        TokenBatch batch = model.Batch(["The capital", "The"]);
        Tensor logits = model.Logits(batch);

        Assert.Equal(PaddingSide.Right, batch.Side);
        Assert.True(batch.Row(logits, 1).allclose(model.Model.call(model.Tokens("The"))[0], 1e-5, 1e-5));
        Assert.Contains("PaddingSide.Right", Assert.Throws<ArgumentException>(() => model.Logits(model.Batch(["The capital", "The"], PaddingSide.Left))).Message);
    }

    public void Dispose() => _scope.Dispose();
}
