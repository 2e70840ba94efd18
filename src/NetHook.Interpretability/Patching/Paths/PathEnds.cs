namespace NetHook.Interpretability;

/// <summary>Which ends a path may have.</summary>
internal static class PathEnds
{
    /// <exception cref="OptionException">There is no path between them.</exception>
    /// <exception cref="LayoutException">The layout has no place for an MLP.</exception>
    public static void Check(LaidOutModel model, PathNode sender, PathNode receiver)
    {
        TransformerLayout layout = model.Layout;
        if (sender.Layer is null || sender.Part != HeadPart.Output)
            throw new OptionException("Sender", sender, "A path begins at the output of a head, such as 3.1, or of an MLP, such as mlp.2.");
        if (receiver.Head is not null && receiver.Part is not (HeadPart.Query or HeadPart.Key or HeadPart.Value))
            throw new OptionException("Receiver", receiver, "A head receives by its queries, keys or values: say which, such as 5.0.q.");
        foreach ((PathNode node, string name) in new[] { (sender, "Sender"), (receiver, "Receiver") })
        {
            if (node.Layer < 0 || node.Layer >= layout.Layers)
                throw new OptionException(name, node, $"The model has no layer {node.Layer}: its layers are 0 to {layout.Layers - 1}.");
            if (node.Layer is { } layer && node.Head is null)
                layout.Mlp(layer);
            if (HeadsOf(model, node) is { } heads)
                CheckHead(node, name, heads);
        }

        // An MLP reads what the heads of its own block wrote, unless the block is parallel: then the path says nothing.
        bool sameBlock = sender.Head is not null && receiver.Head is null;
        if (receiver.Layer < sender.Layer || (receiver.Layer == sender.Layer && !sameBlock))
            throw new OptionException("Receiver", receiver, $"It does not come behind the sender, {sender}, which says nothing to it.");
    }

    /// <summary>The same for a model of which nobody knows how many heads it has until it runs.</summary>
    /// <exception cref="OptionException">The layer has no such head.</exception>
    public static void CheckHead(PathNode node, string name, HeadRun run)
    {
        if (node.Head is not null)
            CheckHead(node, name, (int)run.Parts[node.Part][node.Layer!.Value].shape[1]);
    }

    private static void CheckHead(PathNode node, string name, int heads)
    {
        if (node.Head < 0 || node.Head >= heads)
            throw new OptionException(name, node, $"Layer {node.Layer} has no head {node.Head}: its heads are 0 to {heads - 1}.");
    }

    /// <summary>How many heads a node's layer has, if it is an attention of this library.</summary>
    private static int? HeadsOf(LaidOutModel model, PathNode node)
    {
        if (node.Layer is not { } layer || node.Head is null)
            return null;
        string place = HeadParts.Path(model.Layout, node.Part, layer);
        return place.LastIndexOf('.') is > 0 and var end && model.Module.GetModule(place[..end]) is Attention attention ? attention.Heads : null;
    }
}
