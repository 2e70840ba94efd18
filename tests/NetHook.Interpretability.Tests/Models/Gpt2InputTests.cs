using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2InputTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Gpt2 _model = Tiny.Model();

    [Fact]
    public void Ids_of_another_type_are_refused() => Refused(
        ones([2, 3]),
        "Gpt2 takes token ids as Int64 [batch, tokens], not Float32 [2, 3]: convert it with to(ScalarType.Int64).");

    [Fact]
    public void Ids_without_a_batch_dimension_are_refused() => Refused(
        ones([3], ScalarType.Int64),
        "Gpt2 takes token ids as Int64 [batch, tokens], not Int64 [3]: add the batch dimension with unsqueeze(0).");

    [Fact]
    public void Ids_of_three_dimensions_are_refused() => Refused(
        ones([3, 2, 1], ScalarType.Int64),
        "Gpt2 takes token ids as Int64 [batch, tokens], not Int64 [3, 2, 1]: give it two dimensions.");

    [Fact]
    public void No_tokens_are_refused() => Refused(
        ones([1, 0], ScalarType.Int64),
        "The input [1, 0] has no tokens: Gpt2 needs at least one.");

    [Fact]
    public void More_tokens_than_positions_are_refused() => Refused(
        ones([1, 9], ScalarType.Int64),
        "The input has 9 tokens, this model reads at most 8 (n_positions): shorten it.");

    [Theory]
    [InlineData(-1)]
    [InlineData(11)]
    public void Ids_outside_the_vocabulary_are_refused(long id) => Refused(
        tensor([0L, 10, id], [1, 3]),
        $"Token id {id} is outside the vocabulary, 0 to 10: was it made by another model's tokenizer?");

    [Fact]
    public void The_longest_input_and_the_last_id_are_taken()
    {
        Assert.Equal([1, 8, 11], _model.call(full([1, 8], 10L, ScalarType.Int64)).shape);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private void Refused(Tensor tokens, string message)
    {
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => _model.call(tokens)).Message);
    }
}
