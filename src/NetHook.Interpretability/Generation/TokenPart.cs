namespace NetHook.Interpretability;

/// <summary>Which tokens of a generation an intervention acts on.</summary>
public enum TokenPart
{
    /// <summary>All tokens.</summary>
    All,

    /// <summary>The tokens of the prompt.</summary>
    Prompt,

    /// <summary>The tokens that the model added.</summary>
    NewTokens,
}
