namespace NetHook.Interpretability;

/// <summary>Which states inside a model an experiment restores or patches.</summary>
public enum StateKind
{
    /// <summary>What a block returns: the residual stream behind it (<see cref="TransformerLayout.Block"/>).</summary>
    Hidden,

    /// <summary>What a block's MLP returns (<see cref="TransformerLayout.Mlp"/>).</summary>
    Mlp,

    /// <summary>What a block's attention returns (<see cref="TransformerLayout.Attention"/>).</summary>
    Attention,
}
