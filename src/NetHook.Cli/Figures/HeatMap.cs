namespace NetHook.Cli;

/// <summary>A grid of numbers with tokens down and layers across, to be drawn in a window or a file.</summary>
/// <param name="Title">What is shown, in a line.</param>
/// <param name="Measure">What the numbers are.</param>
/// <param name="Rows">The tokens as they are, marked where they are not the same in both runs.</param>
/// <param name="Captions">The same for a figure on paper.</param>
/// <param name="Values">The numbers, row by row.</param>
/// <param name="Low">The number of the lightest colour; those below have it too.</param>
/// <param name="High">The number of the darkest colour; those above have it too.</param>
/// <param name="Palette">The colours.</param>
internal sealed record HeatMap(
    string Title, string Measure, IReadOnlyList<string> Rows, IReadOnlyList<string> Captions,
    IReadOnlyList<IReadOnlyList<double>> Values, double Low, double High, Palette Palette)
{
    public int Columns => Values[0].Count;

    /// <summary>The cell of the highest number.</summary>
    public (int Row, int Column) Highest =>
        (from row in Enumerable.Range(0, Rows.Count)
         from column in Enumerable.Range(0, Columns)
         select (row, column)).MaxBy(cell => Values[cell.row][cell.column]);

    /// <summary>Where a number lies between <see cref="Low"/> (0) and <see cref="High"/> (1).</summary>
    public double Depth(double value) => High > Low && !double.IsNaN(value) ? Math.Clamp((value - Low) / (High - Low), 0, 1) : 0;
}
