using System.Text;

namespace NetHook.Cli;

/// <summary>A file with a prompt in each line.</summary>
internal static class PromptLines
{
    /// <summary>The lines that are not empty.</summary>
    /// <exception cref="ToolException">The file cannot be read, is not UTF-8, or has no lines.</exception>
    public static string[] Of(string path)
    {
        string[] lines = [.. Read(path).Where(line => line.Length > 0)];
        return lines.Length > 0 ? lines : throw new ToolException($"{path}: It has no lines. Give one prompt in each.");
    }

    private static string[] Read(string path)
    {
        try
        {
            return File.ReadAllLines(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException)
        {
            throw new ToolException($"{path}: It is not UTF-8.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"{path}: It cannot be read: {e.Message}");
        }
    }
}
