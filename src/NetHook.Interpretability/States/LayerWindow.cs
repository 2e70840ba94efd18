namespace NetHook.Interpretability;

/// <summary>The layers of one kind of state that are restored together, around each layer in turn.</summary>
internal sealed record LayerWindow(StateKind Kind, int Width, int Layers)
{
    // Meng et al. restore 10 of GPT-2 XL's 48 layers at once for MLP and attention.
    private const int PaperWidth = 10;
    private const int PaperLayers = 48;

    public static LayerWindow Of(TransformerLayout layout, StateKind kind, int? width)
    {
        if (!Enum.IsDefined(kind))
            throw new OptionException("Kind", kind, "This is none of the kinds of states: Hidden, Mlp, Attention.");
        if (width < 1)
            throw new OptionException("Window", width, "The window is the number of layers restored together, at least 1.");
        int layers = layout.Layers;
        int usual = kind == StateKind.Hidden ? 1 : Math.Max(1, (int)Math.Round((double)layers * PaperWidth / PaperLayers, MidpointRounding.AwayFromZero));
        return new(kind, width ?? usual, layers);
    }

    /// <summary>The layers around one: for an even width there is one more before it than behind it, as in the original.</summary>
    public (int From, int To) Around(int layer) =>
        (Math.Max(0, layer - (Width / 2)), (int)Math.Min(Layers, layer + ((Width + 1L) / 2)));
}
