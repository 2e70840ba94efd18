namespace NetHook.Interpretability;

/// <summary>Rewrites a text before it is cut into words.</summary>
internal abstract class Normalizer
{
    public abstract AlignedText Apply(AlignedText text);
}
