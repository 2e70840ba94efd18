namespace NetHook.Interpretability;

/// <summary>Cuts words into smaller words, and may rewrite them.</summary>
internal abstract class PreTokenizer
{
    public abstract Words Apply(Words words);
}
