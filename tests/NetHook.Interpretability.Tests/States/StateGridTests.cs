namespace NetHook.Interpretability.Tests;

public sealed class StateGridTests
{
    private readonly StateGrid _grid = new(2, 3, (token, layer) => (10 * token) + layer);

    [Fact]
    public void Numbers_are_by_token_and_layer()
    {
        Assert.Equal((2, 3), (_grid.Tokens, _grid.Layers));
        Assert.Equal([0, 1, 2, 10, 11, 12], _grid.Values);
        Assert.Equal(12, _grid[1, 2]);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(-1, 0)]
    [InlineData(0, 3)]
    [InlineData(0, -1)]
    public void A_position_outside_is_refused(int token, int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _grid[token, layer]);
}
