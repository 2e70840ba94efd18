using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Where the parts of heads are, and what texts call them.</summary>
internal static class HeadParts
{
    /// <summary>The layers that hold a part, one for each block.</summary>
    /// <exception cref="LayoutException">The layout has no place for it.</exception>
    /// <exception cref="OptionException">It is no part.</exception>
    public static string[] Paths(TransformerLayout layout, HeadPart part) => [.. Enumerable.Range(0, layout.Layers).Select(layer => Path(layout, part, layer))];

    /// <summary>The layer that holds a part, in one block.</summary>
    public static string Path(TransformerLayout layout, HeadPart part, int layer) => part switch
    {
        HeadPart.Output => layout.HeadOutputs(layer),
        HeadPart.Query => layout.Queries(layer),
        HeadPart.Key => layout.Keys(layer),
        HeadPart.Value => layout.Values(layer),
        HeadPart.Pattern => layout.AttentionPattern(layer),
        _ => throw new OptionException("Part", part, $"This is none of the parts of a head: {string.Join(", ", Enum.GetNames<HeadPart>())}."),
    };

    /// <summary>"queries".</summary>
    public static string NameOf(HeadPart part) => part switch
    {
        HeadPart.Query => "queries",
        HeadPart.Key => "keys",
        HeadPart.Value => "values",
        HeadPart.Pattern => "patterns",
        _ => "outputs",
    };

    /// <summary>Finds out whether a layer gives what the layout says.</summary>
    /// <exception cref="LayoutException">It does not.</exception>
    public static void Check(HeadPart part, string path, Tensor found, Tensor ids)
    {
        if (found.dim() == 4 && found.shape[0] == ids.shape[0] && found.shape[2] == ids.shape[1])
            return;
        throw new LayoutException(
            Place(part), path, $"{Place(part)} of the layout is '{path}', which gives [{string.Join(", ", found.shape)}] for ids of [{string.Join(", ", ids.shape)}]: patching by head needs [batch, heads, tokens, ...].");
    }

    private static string Place(HeadPart part) => part switch
    {
        HeadPart.Query => nameof(TransformerLayout.QueriesPath),
        HeadPart.Key => nameof(TransformerLayout.KeysPath),
        HeadPart.Value => nameof(TransformerLayout.ValuesPath),
        HeadPart.Pattern => nameof(TransformerLayout.AttentionPatternPath),
        _ => nameof(TransformerLayout.HeadOutputsPath),
    };
}
