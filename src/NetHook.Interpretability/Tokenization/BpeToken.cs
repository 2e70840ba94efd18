namespace NetHook.Interpretability;

/// <summary>A token of a word, with the characters of the word that it stands for.</summary>
internal readonly record struct BpeToken(int Id, int Start, int End)
{
    public BpeToken Moved(int by) => new(Id, Start + by, End + by);
}
