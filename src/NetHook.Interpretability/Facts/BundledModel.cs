namespace NetHook.Interpretability;

/// <summary>
/// The small GPT-2 that comes with the library, in Hugging Face's file layout. It knows a thousand facts about
/// countries and chemical elements; the README in its folder is its card.
/// </summary>
public static class BundledModel
{
    /// <summary>The folder of the bundled model: <c>models/facts</c> beside the program, or in scripts and notebooks in the package.</summary>
    public static string Folder { get; } = Find();

    private static string Find()
    {
        string built = Path.Combine(AppContext.BaseDirectory, "models", "facts");

        // A script runs the assembly where the package is unpacked: lib/FRAMEWORK/NetHook.Interpretability.dll.
        string assembly = typeof(BundledModel).Assembly.Location;
        if (Directory.Exists(built) || assembly.Length == 0)
            return built;
        string packed = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(assembly)!, "..", "..", "models", "facts"));
        return Directory.Exists(packed) ? packed : built;
    }
}
