namespace NetHook.Interpretability;

/// <summary>
/// How byte-level tokenizers' files write bytes: one visible character for each of the 256, printable Latin-1 as itself and
/// the rest from U+0100 on, so that a space is 'Ġ' and a line feed 'Ċ'.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOf = MakeChars();
    private static readonly Dictionary<char, byte> ByteOf = Enumerable.Range(0, 256).ToDictionary(b => CharOf[b], b => (byte)b);

    public static IEnumerable<char> Characters => CharOf;

    public static char Character(byte value) => CharOf[value];

    /// <summary>The bytes that a token stands for, or null where it holds a character that stands for none.</summary>
    public static byte[]? Bytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ByteOf.TryGetValue(token[i], out bytes[i]))
                return null;
        }

        return bytes;
    }

    /// <summary>The way the files write a text.</summary>
    public static string Write(string text) => string.Concat(System.Text.Encoding.UTF8.GetBytes(text).Select(b => CharOf[b]));

    private static char[] MakeChars()
    {
        int next = 256;
        return [.. Enumerable.Range(0, 256).Select(b => b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? (char)b : (char)next++)];
    }
}
