using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>A library's grid as rows of numbers.</summary>
internal static class Grids
{
    public static IReadOnlyList<IReadOnlyList<double>> Rows(this StateGrid grid) =>
        [.. Enumerable.Range(0, grid.Tokens).Select(token => (IReadOnlyList<double>)[.. Enumerable.Range(0, grid.Layers).Select(layer => grid[token, layer])])];
}
