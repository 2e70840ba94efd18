namespace NetHook.Interpretability;

/// <summary>On which side shorter rows of a batch are filled up.</summary>
public enum PaddingSide
{
    /// <summary>Before the first token, so that all rows end together: the last column holds each row's last token.</summary>
    Left,

    /// <summary>Behind the last token, so that all rows begin together.</summary>
    Right,
}
