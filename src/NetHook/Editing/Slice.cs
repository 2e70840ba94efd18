using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>A part of an activation: positions along one dimension. Made once, it fits activations of any size that has the positions.</summary>
/// <remarks>Positions are given as indices, from the end too: <c>3</c>, <c>^1</c>. Each counts once, whatever the order.</remarks>
public sealed class Slice
{
    private readonly string _name;
    private readonly long _dimension;
    private readonly Func<long, IEnumerable<long>> _positions;
    private readonly int _heads;

    private Slice(string name, long dimension, Func<long, IEnumerable<long>> positions, int heads = 0)
    {
        _name = name;
        _dimension = dimension;
        _positions = positions;
        _heads = heads;
    }

    /// <summary>Token positions: dimension 1 of <c>[batch, tokens, features]</c>.</summary>
    /// <param name="positions">The positions.</param>
    /// <returns>The slice.</returns>
    public static Slice Tokens(params Index[] positions) => new("Tokens", 1, Picking(positions));

    /// <summary>A range of token positions: dimension 1 of <c>[batch, tokens, features]</c>.</summary>
    /// <param name="range">The range, such as <c>2..5</c>.</param>
    /// <returns>The slice.</returns>
    public static Slice Tokens(Range range) => new("Tokens", 1, Picking(range));

    /// <summary>Channels of an image: dimension 1 of <c>[batch, channels, height, width]</c>.</summary>
    /// <param name="positions">The channels.</param>
    /// <returns>The slice.</returns>
    public static Slice Channels(params Index[] positions) => new("Channels", 1, Picking(positions));

    /// <summary>Features: the last dimension.</summary>
    /// <param name="positions">The features.</param>
    /// <returns>The slice.</returns>
    public static Slice Features(params Index[] positions) => new("Features", -1, Picking(positions));

    /// <summary>
    /// Attention heads, where the last dimension holds them one after the other, as in the input of an attention
    /// block's output projection: <c>[..., heads · features]</c>.
    /// </summary>
    /// <param name="heads">How many heads there are.</param>
    /// <param name="positions">The heads picked.</param>
    /// <returns>The slice. What is done to it is given <c>[..., picked heads, features of a head]</c>.</returns>
    public static Slice Heads(int heads, params Index[] positions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        return new("Heads", -2, Picking(positions), heads);
    }

    /// <summary>Rows of the batch: dimension 0.</summary>
    /// <param name="positions">The rows.</param>
    /// <returns>The slice.</returns>
    public static Slice Batch(params Index[] positions) => new("Batch", 0, Picking(positions));

    /// <summary>Rows of the batch: the same as <see cref="Batch"/>.</summary>
    /// <param name="positions">The rows.</param>
    /// <returns>The slice.</returns>
    public static Slice Rows(params Index[] positions) => new("Rows", 0, Picking(positions));

    /// <summary>A range of rows of the batch.</summary>
    /// <param name="range">The range, such as <c>2..5</c>.</param>
    /// <returns>The slice.</returns>
    public static Slice Rows(Range range) => new("Rows", 0, Picking(range));

    /// <summary>Positions along any dimension.</summary>
    /// <param name="dimension">The dimension; negative ones count from the last.</param>
    /// <param name="positions">The positions.</param>
    /// <returns>The slice.</returns>
    public static Slice Along(long dimension, params Index[] positions) => new("Along", dimension, Picking(positions));

    /// <summary>Takes the part out of an activation: <c>Replace(slice.Of(saved)).At(slice)</c> patches it into another run.</summary>
    /// <param name="activation">The activation.</param>
    /// <returns>A new tensor, the caller's. For heads: <c>[..., picked heads, features of a head]</c>.</returns>
    /// <exception cref="InvalidOperationException">The activation does not have the positions.</exception>
    public Tensor Of(Tensor activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        using DisposeScope scope = NewDisposeScope();
        Tensor split = Split(activation, "");
        return split.index_select(_dimension, PositionsIn(split, "")).MoveToOuterDisposeScope();
    }

    internal static void CheckDimension(string name, long dimension, Tensor value, string layer)
    {
        if (dimension < -value.dim() || dimension >= value.dim())
            throw Interventions.Misfit(name, $"dimension {dimension}", value, layer, $"it has {value.dim()} dimensions");
    }

    internal Tensor Apply(Intervention intervention, Tensor value, string layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor split = Split(value, layer);
        Tensor at = PositionsIn(split, layer);
        Tensor part = intervention(split.index_select(_dimension, at), layer);
        return split.index_copy(_dimension, at, part).reshape(value.shape).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor value, string layer)
    {
        if (_heads == 0)
            return value.alias();
        if (value.dim() == 0 || value.shape[^1] % _heads != 0)
            throw Interventions.Misfit(_name, $"a split into {_heads} heads", value, layer, "the last dimension must be a multiple of it");
        return value.reshape([.. value.shape[..^1], _heads, value.shape[^1] / _heads]);
    }

    private Tensor PositionsIn(Tensor value, string layer)
    {
        CheckDimension(_name, _dimension, value, layer);
        long size = value.shape[_dimension < 0 ? value.dim() + _dimension : _dimension];
        long[] positions = _positions(size).ToArray();
        foreach (long position in positions)
        {
            if (position < 0 || position >= size)
                throw Interventions.Misfit(_name, $"position {position}", value, layer, $"there are {size} along dimension {_dimension}");
        }

        return tensor(positions, device: value.device);
    }

    private static Func<long, IEnumerable<long>> Picking(Index[] positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (positions.Length == 0)
            throw new ArgumentException("No position is given: say which part the slice is.", nameof(positions));
        return size => positions.Select(position => position.IsFromEnd ? size - position.Value : position.Value).Distinct();
    }

    private static Func<long, IEnumerable<long>> Picking(Range range) => size =>
    {
        long from = range.Start.IsFromEnd ? size - range.Start.Value : range.Start.Value;
        long to = range.End.IsFromEnd ? size - range.End.Value : range.End.Value;
        return to > from ? Enumerable.Range((int)from, (int)(to - from)).Select(position => (long)position) : [];
    };
}
