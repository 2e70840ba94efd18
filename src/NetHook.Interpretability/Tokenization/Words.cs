namespace NetHook.Interpretability;

/// <summary>A text that is cut into words; tokens are made within a word. The words cover the text, in order.</summary>
/// <param name="Text">The text.</param>
/// <param name="Ends">Where each word ends, which is where the next one begins. None is empty.</param>
internal sealed record Words(AlignedText Text, IReadOnlyList<int> Ends)
{
    public static Words One(AlignedText text) => new(text, text.Text.Length == 0 ? [] : [text.Text.Length]);

    public IEnumerable<string> Pieces() => Ends.Select((end, i) => Text.Text[(i == 0 ? 0 : Ends[i - 1])..end]);

    public static Words One(string text) => One(AlignedText.Of(text, 0, text.Length));
}
