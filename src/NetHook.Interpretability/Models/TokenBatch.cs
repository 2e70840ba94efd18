using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Rows of tokens of unequal length as one batch: shorter rows are padded, and <see cref="DecoderModel.Logits"/> makes each row what
/// it would be alone. Immutable; holds no tensors: each read of one makes a new tensor on the CPU, which is the reader's.
/// </summary>
/// <example><code>
/// var batch = TokenBatch.Of([[5, 6, 7], [8]]);
/// Tensor logits = model.Logits(batch);              // [rows, tokens, vocabulary]
/// Tensor last = logits[1][batch.RowRange(1)][^1];   // behind the last token of row 1
/// </code></example>
public sealed class TokenBatch
{
    private readonly int[][] _rows;
    private readonly int[] _starts;

    /// <param name="rows">The tokens of each row.</param>
    /// <param name="starts">The column of each row's first token.</param>
    /// <param name="length">How many columns there are.</param>
    /// <param name="side">The side on which padding stands.</param>
    internal TokenBatch(int[][] rows, int[] starts, int length, PaddingSide side) => (_rows, _starts, Length, Side) = (rows, starts, length, side);

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Length;

    /// <summary>How many columns there are: the tokens of the longest row.</summary>
    public int Length { get; }

    /// <summary>The side on which padding stands.</summary>
    public PaddingSide Side { get; }

    /// <summary>Whether any row is shorter than another.</summary>
    public bool HasPadding => _rows.Any(row => row.Length < Length);

    /// <summary>The tokens of each row, without padding.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Rows => _rows;

    /// <summary>The ids, Int64 <c>[rows, tokens]</c>; 0 for padding.</summary>
    public Tensor Ids => IdsFrom(0);

    /// <summary>Bool <c>[rows, tokens]</c>: true for tokens, false for padding.</summary>
    public Tensor Mask => tensor(Columns(0, (_, _) => true, false), [Count, Length]);

    /// <summary>The position of each token in its row, from 0, Int64 <c>[rows, tokens]</c>; 0 for padding.</summary>
    public Tensor Positions => PositionsFrom(0);

    /// <summary>Puts rows together.</summary>
    /// <param name="rows">The ids of each row's tokens, at least one. They are copied.</param>
    /// <param name="side">The side on which shorter rows are padded.</param>
    /// <returns>The batch.</returns>
    /// <exception cref="ArgumentException">There are no rows, a row is null or has no tokens, or an id is negative; the message names the row.</exception>
    public static TokenBatch Of(IEnumerable<IReadOnlyList<int>> rows, PaddingSide side = PaddingSide.Left)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (!Enum.IsDefined(side))
            throw new ArgumentOutOfRangeException(nameof(side), side, "Padding stands on the left or on the right.");
        int[][] all = [.. rows.Select(Checked)];
        if (all.Length == 0)
            throw new ArgumentException("A batch of no rows has nothing to run. Give one row at least.");
        int length = all.Max(row => row.Length);
        return new(all, [.. all.Select(row => side == PaddingSide.Left ? length - row.Length : 0)], length, side);
    }

    /// <summary>The columns in which a row has its tokens.</summary>
    /// <param name="row">The number of the row.</param>
    /// <returns>The range, as for <c>Slice.Tokens</c>, or <c>tensor[row][range]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Range RowRange(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Count);
        return _starts[row]..(_starts[row] + _rows[row].Length);
    }

    /// <summary>A row's part of an activation, without padding.</summary>
    /// <param name="activation">The activation, <c>[rows, tokens, ...]</c>.</param>
    /// <param name="row">The number of the row.</param>
    /// <returns><c>[tokens of the row, ...]</c>: a view, which is the caller's.</returns>
    /// <exception cref="ArgumentException">The activation is not of this batch.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Tensor Row(Tensor activation, int row)
    {
        Range range = RowRange(row);
        CheckShape(activation);
        using Tensor own = activation.select(0, row);
        return own.narrow(0, range.Start.Value, _rows[row].Length);
    }

    /// <summary>All rows' parts of an activation, without padding, as statistics may be given them.</summary>
    /// <param name="activation">The activation, <c>[rows, tokens, ...]</c>.</param>
    /// <returns><c>[tokens of all rows, ...]</c>, row by row; a new tensor, which is the caller's.</returns>
    /// <exception cref="ArgumentException">The activation is not of this batch.</exception>
    public Tensor WithoutPadding(Tensor activation)
    {
        CheckShape(activation);
        using DisposeScope scope = NewDisposeScope();
        long[] columns = [.. Enumerable.Range(0, Count).SelectMany(row => Enumerable.Range(0, _rows[row].Length).Select(i => ((long)row * Length) + _starts[row] + i))];
        return activation.flatten(0, 1).index_select(0, tensor(columns, device: activation.device)).MoveToOuterDisposeScope();
    }

    /// <summary>The ids of the columns from one on.</summary>
    internal Tensor IdsFrom(int column) => tensor(Columns(column, (row, i) => (long)row[i], 0L), [Count, Length - column]);

    /// <summary>The positions of the columns from one on.</summary>
    internal Tensor PositionsFrom(int column) => tensor(Columns(column, (_, i) => (long)i, 0L), [Count, Length - column]);

    /// <summary>The column of each row's last token.</summary>
    internal long[] Ends => [.. _starts.Zip(_rows, (start, row) => (long)start + row.Length - 1)];

    private static int[] Checked(IReadOnlyList<int> row, int number)
    {
        if (row is null || row.Count == 0)
            throw new ArgumentException($"Row {number} of the batch has no tokens. Give each row one at least.");
        int wrong = row.FirstOrDefault(id => id < 0);
        return wrong == 0 ? [.. row] : throw new ArgumentException($"Token id {wrong} of row {number} is negative. Ids are what a tokenizer gives, from 0 on.");
    }

    private T[] Columns<T>(int from, Func<int[], int, T> ofToken, T padding)
    {
        int width = Length - from;
        var values = new T[Count * width];
        Array.Fill(values, padding);
        for (int row = 0; row < Count; row++)
        {
            for (int i = Math.Max(0, from - _starts[row]); i < _rows[row].Length; i++)
                values[(row * width) + _starts[row] + i - from] = ofToken(_rows[row], i);
        }

        return values;
    }

    private void CheckShape(Tensor activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (activation.dim() < 2 || activation.shape[0] != Count || activation.shape[1] != Length)
            throw new ArgumentException($"This batch has activations of [{Count}, {Length}, ...], not [{string.Join(", ", activation.shape)}].");
    }
}
