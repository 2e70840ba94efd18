using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>The facts beside the bundled model.</summary>
internal static class Facts
{
    /// <exception cref="ToolException">A file of them is damaged.</exception>
    public static FactBook Load()
    {
        try
        {
            return FactBook.Load();
        }
        catch (InvalidDataException e)
        {
            throw new ToolException(e.Message);
        }
    }
}
