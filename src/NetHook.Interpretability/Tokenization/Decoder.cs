using System.Text;

namespace NetHook.Interpretability;

/// <summary>A step on the way from tokens to their text: it makes pieces of text of others.</summary>
internal abstract class Decoder
{
    public abstract List<string> Apply(List<string> pieces);
}

/// <summary>Reads the characters of a <see cref="ByteAlphabet"/>. A token with another character stands for that text itself.</summary>
internal sealed class ByteLevelDecoder : Decoder
{
    public override List<string> Apply(List<string> pieces) =>
        [Encoding.UTF8.GetString([.. pieces.SelectMany(piece => ByteAlphabet.Bytes(piece) ?? Encoding.UTF8.GetBytes(piece))])];
}

/// <summary>Reads tokens that are bytes, as <c>&lt;0x0A&gt;</c>. If a run of them is no UTF-8, each is U+FFFD.</summary>
internal sealed class ByteFallbackDecoder : Decoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public override List<string> Apply(List<string> pieces)
    {
        List<string> decoded = new(pieces.Count);
        List<byte> bytes = [];
        foreach (string piece in pieces)
        {
            if (piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
                && char.IsAsciiHexDigit(piece[3]) && char.IsAsciiHexDigit(piece[4]))
            {
                bytes.Add(Convert.ToByte(piece[3..5], 16));
                continue;
            }

            AddText(bytes, decoded);
            decoded.Add(piece);
        }

        AddText(bytes, decoded);
        return decoded;
    }

    private static void AddText(List<byte> bytes, List<string> decoded)
    {
        if (bytes.Count == 0)
            return;
        try
        {
            decoded.Add(Strict.GetString([.. bytes]));
        }
        catch (DecoderFallbackException)
        {
            decoded.Add(new('\ufffd', bytes.Count));
        }

        bytes.Clear();
    }
}

/// <summary>Puts a text in the place of another in each piece.</summary>
internal sealed class ReplaceDecoder(string pattern, string content) : Decoder
{
    public override List<string> Apply(List<string> pieces) => pieces.ConvertAll(piece => piece.Replace(pattern, content, StringComparison.Ordinal));
}

/// <summary>Takes a character away from the ends of each piece.</summary>
/// <param name="content">The character.</param>
/// <param name="start">The most of them that are taken from the beginning.</param>
/// <param name="stop">The most of them that are taken from the end.</param>
internal sealed class StripDecoder(string content, int start, int stop) : Decoder
{
    public override List<string> Apply(List<string> pieces) => pieces.ConvertAll(piece =>
    {
        for (int i = 0; i < start && piece.StartsWith(content, StringComparison.Ordinal); i++)
            piece = piece[content.Length..];
        for (int i = 0; i < stop && piece.EndsWith(content, StringComparison.Ordinal); i++)
            piece = piece[..^content.Length];
        return piece;
    });
}

/// <summary>Joins all pieces.</summary>
internal sealed class FuseDecoder : Decoder
{
    public override List<string> Apply(List<string> pieces) => [string.Concat(pieces)];
}
