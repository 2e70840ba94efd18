namespace NetHook.Interpretability;

/// <summary>
/// The small GPT-2 that comes with the library, in Hugging Face's file layout. It knows a thousand facts about
/// countries and chemical elements; the README in its folder is its card.
/// </summary>
public static class BundledModel
{
    /// <summary>The folder of the bundled model: <c>models/facts</c> beside the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "models", "facts");
}
