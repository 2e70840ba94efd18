using System.Text;

namespace NetHook.Cli;

/// <summary>Tokens as the tool writes them.</summary>
internal static class Tokens
{
    /// <summary>Without quotes and spaces, for a figure.</summary>
    public static string Caption(string token) => string.IsNullOrWhiteSpace(token) ? Quote(token) : Quote(token.Trim())[1..^1];

    /// <summary>In quotes, so that the space at the beginning is seen; what would move the cursor is written as an escape.</summary>
    public static string Quote(string token)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in token)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
