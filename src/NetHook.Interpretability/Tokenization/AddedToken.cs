namespace NetHook.Interpretability;

/// <summary>A token that is cut out of a text before anything else is done with it.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether it says something about the text rather than being part of it: decoding leaves it out where asked to.</summary>
    public bool Special { get; init; }

    /// <summary>Whether it is looked for in the normalized text, in its own normalized form.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether it takes the white space before it along.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Whether it takes the white space after it along.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Whether it is found only if no word goes on before or after it.</summary>
    public bool SingleWord { get; init; }
}
