using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>A library's grid as rows of numbers.</summary>
internal static class Grids
{
    public static IReadOnlyList<IReadOnlyList<double>> Rows(this StateGrid grid) =>
        [.. Enumerable.Range(0, grid.Tokens).Select(token => (IReadOnlyList<double>)[.. Enumerable.Range(0, grid.Layers).Select(layer => grid[token, layer])])];

    /// <summary>Heads down, layers across.</summary>
    public static IReadOnlyList<IReadOnlyList<double>> Rows(this HeadGrid grid) =>
        [.. Enumerable.Range(0, grid.Heads).Select(head => (IReadOnlyList<double>)[.. Enumerable.Range(0, grid.Layers).Select(layer => grid[layer, head])])];
}
