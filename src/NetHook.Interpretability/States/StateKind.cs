namespace NetHook.Interpretability;

/// <summary>Which states inside a <see cref="Gpt2"/> an experiment restores or patches.</summary>
public enum StateKind
{
    /// <summary>What a block returns: the residual stream behind it (<c>transformer.h.N</c>).</summary>
    Hidden,

    /// <summary>What a block's MLP adds to the residual stream (<c>transformer.h.N.mlp</c>).</summary>
    Mlp,

    /// <summary>What a block's attention adds to the residual stream (<c>transformer.h.N.attn</c>).</summary>
    Attention,
}
